import type { Queryable, Statement } from "@windlass/chassis";
import { lookUp } from "./sql.ts";

/** That a run's wait under a lease needs the end of another run of its environment. */
export interface RunWait {
  readonly environmentId: string;
  readonly runId: string;
  readonly awaitedRunId: string;
  readonly leaseToken: string;
  readonly waitId: string;
}

/** That a run's wait under a lease needs the ends of all runs of a batch of its environment. */
export interface BatchWait {
  readonly environmentId: string;
  readonly runId: string;
  readonly batchId: string;
  readonly leaseToken: string;
  readonly waitId: string;
}

/** As many as a client sends as one batch. The runs of a larger one are not all looked at (I10). */
const MAX_RUNS_OF_BATCH = 100_000;

/** Of `run_waits w` or `batch_waits w` and its `runs r`: the run waits, or is about to. */
const IS_LIVE =
  "r.lease_token = w.lease_token AND (r.status = 'EXECUTING' OR r.status = 'WAITING' AND r.wait_id = w.wait_id)";

const INSERT_RUN_WAITS: Statement = {
  name: "insert_run_waits",
  text: `
INSERT INTO run_waits (environment_id, run_id, awaited_run_id, lease_token, wait_id)
SELECT DISTINCT ON (environment_id, run_id, awaited_run_id) *
FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[]) AS i (environment_id, run_id, awaited_run_id, lease_token, wait_id)
ORDER BY environment_id, run_id, awaited_run_id
ON CONFLICT (environment_id, run_id, awaited_run_id) DO UPDATE SET lease_token = excluded.lease_token, wait_id = excluded.wait_id`,
};

const INSERT_BATCH_WAITS: Statement = {
  name: "insert_batch_waits",
  text: `
INSERT INTO batch_waits (environment_id, run_id, batch_id, lease_token, wait_id)
SELECT DISTINCT ON (environment_id, run_id) *
FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[]) AS i (environment_id, run_id, batch_id, lease_token, wait_id)
ORDER BY environment_id, run_id
ON CONFLICT (environment_id, run_id) DO UPDATE SET batch_id = excluded.batch_id, lease_token = excluded.lease_token, wait_id = excluded.wait_id`,
};

/** Of a batch only those of its runs that wait themselves: the others lead nowhere. */
export const SELECT_RUN_WAITS: Statement = {
  name: "select_run_waits",
  text: `
WITH r AS (
  SELECT s.environment_id, s.id, s.lease_token, s.status, s.wait_id FROM unnest($1::text[], $2::text[]) AS i (environment_id, run_id)
  JOIN runs s ON ${lookUp("s.environment_id", "i.environment_id")} AND ${lookUp("s.id", "i.run_id")}
)
SELECT * FROM (
  SELECT w.environment_id, w.run_id, w.awaited_run_id
  FROM r JOIN run_waits w ON ${lookUp("w.environment_id", "r.environment_id")} AND ${lookUp("w.run_id", "r.id")}
  WHERE ${IS_LIVE}
  UNION ALL
  SELECT w.environment_id, w.run_id, m.run_id
  FROM r JOIN batch_waits w ON ${lookUp("w.environment_id", "r.environment_id")} AND ${lookUp("w.run_id", "r.id")}
  CROSS JOIN LATERAL (
    SELECT c.environment_id, c.run_id FROM run_contents c
    WHERE c.environment_id = w.environment_id AND c.batch_id = w.batch_id AND c.batch_id IS NOT NULL
    ORDER BY c.run_id LIMIT ${MAX_RUNS_OF_BATCH}
  ) m
  WHERE ${IS_LIVE} AND (
    EXISTS (SELECT FROM run_waits x WHERE ${lookUp("x.environment_id", "m.environment_id")} AND ${lookUp("x.run_id", "m.run_id")})
    OR EXISTS (SELECT FROM batch_waits x WHERE ${lookUp("x.environment_id", "m.environment_id")} AND ${lookUp("x.run_id", "m.run_id")})
  )
) edges
LIMIT $3`,
};

const DELETE_RUN_WAITS: Statement = {
  name: "delete_run_waits",
  text: `
WITH i AS (SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[]) AS i (environment_id, run_id, lease_token)),
of_batches AS (
  DELETE FROM batch_waits w USING i
  WHERE ${lookUp("w.environment_id", "i.environment_id")} AND ${lookUp("w.run_id", "i.run_id")} AND w.lease_token = i.lease_token
)
DELETE FROM run_waits w USING i
WHERE ${lookUp("w.environment_id", "i.environment_id")} AND ${lookUp("w.run_id", "i.run_id")} AND w.lease_token = i.lease_token`,
};

const DELETE_DEAD_RUN_WAITS: Statement = {
  name: "delete_dead_run_waits",
  text: `
WITH of_runs AS (${deleteDead("run_waits")}), of_batches AS (${deleteDead("batch_waits")})
SELECT FROM of_runs UNION ALL SELECT FROM of_batches`,
};

function deleteDead(table: "run_waits" | "batch_waits"): string {
  return `
  DELETE FROM ${table} WHERE ctid = ANY (ARRAY (
    SELECT w.ctid FROM ${table} w LEFT JOIN runs r ON r.environment_id = w.environment_id AND r.id = w.run_id
    WHERE (${IS_LIVE}) IS NOT TRUE LIMIT $1
  )) RETURNING 1`;
}

/** Says which runs runs are about to wait for. */
export async function insertRunWaits(db: Queryable, waits: readonly RunWait[]): Promise<void> {
  await db.query(INSERT_RUN_WAITS, [
    waits.map((wait) => wait.environmentId),
    waits.map((wait) => wait.runId),
    waits.map((wait) => wait.awaitedRunId),
    waits.map((wait) => wait.leaseToken),
    waits.map((wait) => wait.waitId),
  ]);
}

/** Says which batches runs are about to wait for. */
export async function insertBatchWaits(db: Queryable, waits: readonly BatchWait[]): Promise<void> {
  await db.query(INSERT_BATCH_WAITS, [
    waits.map((wait) => wait.environmentId),
    waits.map((wait) => wait.runId),
    waits.map((wait) => wait.batchId),
    waits.map((wait) => wait.leaseToken),
    waits.map((wait) => wait.waitId),
  ]);
}

/** What those of the runs that wait, or are about to, wait for; of a batch only its runs that wait themselves. At most `limit` pairs. */
export async function selectRunWaits(
  db: Queryable,
  runs: readonly { readonly environmentId: string; readonly runId: string }[],
  limit: number,
): Promise<Pick<RunWait, "environmentId" | "runId" | "awaitedRunId">[]> {
  const rows = await db.query<{ environment_id: string; run_id: string; awaited_run_id: string }>(SELECT_RUN_WAITS, [
    runs.map((run) => run.environmentId),
    runs.map((run) => run.runId),
    limit,
  ]);
  return rows.map((row) => ({
    environmentId: row.environment_id,
    runId: row.run_id,
    awaitedRunId: row.awaited_run_id,
  }));
}

/** Forgets what runs waited for under these leases. */
export async function deleteRunWaits(
  db: Queryable,
  leases: readonly Pick<RunWait, "environmentId" | "runId" | "leaseToken">[],
): Promise<void> {
  await db.query(DELETE_RUN_WAITS, [
    leases.map((lease) => lease.environmentId),
    leases.map((lease) => lease.runId),
    leases.map((lease) => lease.leaseToken),
  ]);
}

/** Removes up to so many rows of each table that say nothing any more; how many they were. */
export async function deleteDeadRunWaits(db: Queryable, limit: number): Promise<number> {
  return (await db.query(DELETE_DEAD_RUN_WAITS, [limit])).length;
}
