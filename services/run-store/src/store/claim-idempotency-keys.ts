import type { Queryable, Statement } from "@windlass/chassis";
import { KEY_FREEING_STATUSES } from "../run-state.ts";
import { lookUp } from "./sql.ts";

/** A key, and the run it shall stand for. */
export interface NewIdempotencyKey {
  readonly environmentId: string;
  readonly taskId: string;
  readonly key: string;
  readonly runId: string;
  readonly ttlMs: number;
}

// A conflict waits for whoever has the key in hand; the condition then reads the row as they left it. Their run is not in this statement's snapshot, hence not seen to
// have ended badly: it was made a moment ago.
export const CLAIM_IDEMPOTENCY_KEYS: Statement = {
  name: "claim_idempotency_keys",
  text: `
INSERT INTO idempotency_keys AS k (environment_id, task_id, key, run_id, expire_time)
SELECT environment_id, task_id, key, run_id, now() + ttl_ms * interval '1 millisecond'
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[]) AS i (environment_id, task_id, key, run_id, ttl_ms)
ON CONFLICT (environment_id, task_id, key) DO UPDATE SET run_id = excluded.run_id, expire_time = excluded.expire_time
WHERE k.expire_time <= now() OR EXISTS (
  SELECT FROM runs r
  WHERE ${lookUp("r.environment_id", "k.environment_id")} AND ${lookUp("r.id", "k.run_id")}
    AND r.status IN (${KEY_FREEING_STATUSES.map((status) => `'${status}'`).join(", ")})
)
RETURNING run_id`,
};

const FIND_IDEMPOTENCY_KEYS: Statement = {
  name: "find_idempotency_keys",
  text: `
SELECT i.position::int, k.run_id
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS i (environment_id, task_id, key, position)
JOIN idempotency_keys k
  ON ${lookUp("k.environment_id", "i.environment_id")} AND ${lookUp("k.task_id", "i.task_id")} AND ${lookUp("k.key", "i.key")}`,
};

const RELEASE_IDEMPOTENCY_KEYS: Statement = {
  name: "release_idempotency_keys",
  text: `
DELETE FROM idempotency_keys k USING unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS i (environment_id, task_id, key, run_id)
WHERE ${lookUp("k.environment_id", "i.environment_id")} AND ${lookUp("k.task_id", "i.task_id")} AND ${lookUp("k.key", "i.key")} AND k.run_id = i.run_id`,
};

/**
 * Makes keys stand for new runs, unless they stand for one already (I7): one that has not ended, or not badly, and whose time is not over. Returns the runs that got their key.
 * Each key once; sort by (environment, task, key). The transaction must then store those runs.
 */
export async function claimIdempotencyKeys(tx: Queryable, keys: readonly NewIdempotencyKey[]): Promise<Set<string>> {
  const rows = await tx.query<{ run_id: string }>(CLAIM_IDEMPOTENCY_KEYS, [
    keys.map((key) => key.environmentId),
    keys.map((key) => key.taskId),
    keys.map((key) => key.key),
    keys.map((key) => key.runId),
    keys.map((key) => key.ttlMs),
  ]);
  return new Set(rows.map((row) => row.run_id));
}

/** For each key the run it stands for; undefined for one that stands for none. */
export async function findIdempotencyKeys(
  tx: Queryable,
  keys: readonly NewIdempotencyKey[],
): Promise<(string | undefined)[]> {
  const rows = await tx.query<{ position: number; run_id: string }>(FIND_IDEMPOTENCY_KEYS, [
    keys.map((key) => key.environmentId),
    keys.map((key) => key.taskId),
    keys.map((key) => key.key),
  ]);
  const byPosition = new Map(rows.map((row) => [row.position, row.run_id]));
  return keys.map((_, index) => byPosition.get(index + 1));
}

/** Gives back keys whose runs turned out not to be stored. */
export async function releaseIdempotencyKeys(tx: Queryable, keys: readonly NewIdempotencyKey[]): Promise<void> {
  await tx.query(RELEASE_IDEMPOTENCY_KEYS, [
    keys.map((key) => key.environmentId),
    keys.map((key) => key.taskId),
    keys.map((key) => key.key),
    keys.map((key) => key.runId),
  ]);
}
