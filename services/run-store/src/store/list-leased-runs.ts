import type { Queryable, Statement } from "@windlass/chassis";
import { microseconds } from "./sql.ts";

/** A run that holds a slot: its lease lives, and it is neither suspended nor about to be continued. */
export interface LeasedRow {
  readonly environment_id: string;
  readonly run_id: string;
  readonly queue: string;
  readonly concurrency_key: string | null;
  readonly lease_token: string;
}

/** A place in the list, which goes by environment and run. */
export interface LeasePosition {
  readonly environmentId: string;
  readonly runId: string;
}

/** Before every run. */
export const LEASE_START: LeasePosition = { environmentId: "", runId: "" };

// All leases are read for each page, by the index that has nothing but leases, and never by the primary key in the order of the list, which has every run that ever was.
export const LIST_LEASED_RUNS: Statement = {
  name: "list_leased_runs",
  text: `
WITH leased AS MATERIALIZED (
  SELECT environment_id, id AS run_id, queue, concurrency_key, lease_token FROM runs
  WHERE supervisor_id IS NOT NULL AND NULLIF(NULLIF(status, 'EXECUTING'), 'CANCELING') IS NULL
    AND (environment_id IN (SELECT id FROM environments WHERE queue_shard = $1)) IS TRUE
    AND ((environment_id, id) > ($2 COLLATE "C", $3 COLLATE "C")) IS TRUE
)
SELECT leased.*, ${microseconds("t.now")} AS now_us
FROM (SELECT now()) t LEFT JOIN (SELECT * FROM leased ORDER BY environment_id, run_id LIMIT $4) leased ON true
ORDER BY leased.environment_id, leased.run_id`,
};

type Row = { readonly now_us: number } & (LeasedRow | { readonly run_id: null });

/** A page of the runs of a shard that hold a slot, and the moment before it was read. */
export async function listLeasedRuns(
  db: Queryable,
  page: { readonly shard: number; readonly after: LeasePosition; readonly limit: number },
): Promise<{ rows: LeasedRow[]; nowUs: number }> {
  const { shard, after, limit } = page;
  const rows = await db.query<Row>(LIST_LEASED_RUNS, [shard, after.environmentId, after.runId, limit]);
  return { rows: rows.filter((row) => row.run_id !== null), nowUs: rows[0]?.now_us ?? 0 };
}
