import type { Queryable, Statement } from "@windlass/chassis";

/** How many runs there are, each counted up to a limit. */
export interface RunCountRow {
  readonly queued: number;
  readonly executing: number;
  readonly failed_last_hour: number;
}

// Each count is a piece of an index that has nothing else: what waits, what is leased, what has failed. The leases of other environments are few, as processes are.
export const COUNT_RUNS: Statement = {
  name: "count_runs",
  text: `
SELECT
  (SELECT count(*)::int4 FROM (
    SELECT FROM runs WHERE environment_id = $1 AND status = 'QUEUED' ORDER BY queue, queue_time, id LIMIT $2
  ) one) AS queued,
  (SELECT count(*)::int4 FROM (
    SELECT FROM runs WHERE supervisor_id IS NOT NULL AND NULLIF(status, 'EXECUTING') IS NULL AND NULLIF(environment_id, $1) IS NULL LIMIT $2
  ) one) AS executing,
  (SELECT count(*)::int4 FROM (
    SELECT FROM runs
    WHERE environment_id = $1 AND finish_time > now() - interval '60 minutes'
      AND finish_time IS NOT NULL AND status <> 'COMPLETED' AND status <> 'CANCELED'
    ORDER BY finish_time LIMIT $2
  ) one) AS failed_last_hour`,
};

/** Counts what waits for its turn, what executes, and what failed within the hour, each at most up to `limit`. */
export async function countRuns(db: Queryable, environmentId: string, limit: number): Promise<RunCountRow> {
  const [row] = await db.query<RunCountRow>(COUNT_RUNS, [environmentId, limit]);
  if (row === undefined) throw new Error("runs were not counted");
  return row;
}
