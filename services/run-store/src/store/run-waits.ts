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

/** Of `run_waits w` and its `runs r`: the run waits, or is about to. */
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

const SELECT_RUN_WAITS: Statement = {
  name: "select_run_waits",
  text: `
SELECT w.environment_id, w.run_id, w.awaited_run_id
FROM unnest($1::text[], $2::text[]) AS i (environment_id, run_id)
JOIN runs r ON ${lookUp("r.environment_id", "i.environment_id")} AND ${lookUp("r.id", "i.run_id")}
JOIN run_waits w ON ${lookUp("w.environment_id", "i.environment_id")} AND ${lookUp("w.run_id", "i.run_id")}
WHERE ${IS_LIVE}
LIMIT $3`,
};

const DELETE_RUN_WAITS: Statement = {
  name: "delete_run_waits",
  text: `
DELETE FROM run_waits w USING unnest($1::text[], $2::text[], $3::uuid[]) AS i (environment_id, run_id, lease_token)
WHERE ${lookUp("w.environment_id", "i.environment_id")} AND ${lookUp("w.run_id", "i.run_id")} AND w.lease_token = i.lease_token`,
};

const DELETE_DEAD_RUN_WAITS: Statement = {
  name: "delete_dead_run_waits",
  text: `
DELETE FROM run_waits WHERE ctid = ANY (ARRAY (
  SELECT w.ctid FROM run_waits w LEFT JOIN runs r ON r.environment_id = w.environment_id AND r.id = w.run_id
  WHERE (${IS_LIVE}) IS NOT TRUE LIMIT $1
)) RETURNING 1`,
};

/** Says what runs are about to wait for. */
export async function insertRunWaits(db: Queryable, waits: readonly RunWait[]): Promise<void> {
  await db.query(INSERT_RUN_WAITS, [
    waits.map((wait) => wait.environmentId),
    waits.map((wait) => wait.runId),
    waits.map((wait) => wait.awaitedRunId),
    waits.map((wait) => wait.leaseToken),
    waits.map((wait) => wait.waitId),
  ]);
}

/** What those of the runs that wait, or are about to, wait for; at most `limit` pairs. */
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

/** Removes up to so many rows that say nothing any more; how many they were. */
export async function deleteDeadRunWaits(db: Queryable, limit: number): Promise<number> {
  return (await db.query(DELETE_DEAD_RUN_WAITS, [limit])).length;
}
