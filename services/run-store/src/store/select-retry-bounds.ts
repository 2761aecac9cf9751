import type { Queryable, Statement } from "@windlass/chassis";
import { isRun, lookUp } from "./sql.ts";

/** What bounds the next attempt of a leased run. The policy is null when the run's version lacks its task. */
export interface RetryBoundsRow {
  /** Which lease this is, from 1. */
  readonly position: number;
  readonly attempt_number: number;
  readonly max_attempts: number;
  readonly retry_factor: number | null;
  readonly retry_min_ms: number | null;
  readonly retry_max_ms: number | null;
  readonly retry_randomize: boolean | null;
  readonly retry_out_of_memory_machine: string | null;
  /** True when the task wants no retries in development, and this is. */
  readonly retry_is_disabled: boolean | null;
}

export const SELECT_RETRY_BOUNDS: Statement = {
  name: "select_retry_bounds",
  text: `
SELECT i.position::int, r.attempt_number, r.max_attempts, d.retry_factor, d.retry_min_ms, d.retry_max_ms, d.retry_randomize,
  d.retry_out_of_memory_machine, d.retry_disabled_in_development AND e.type = 'DEVELOPMENT' AS retry_is_disabled
FROM unnest($1::text[], $2::text[], $3::uuid[]) WITH ORDINALITY AS i (environment_id, run_id, lease_token, position)
JOIN runs r ON ${isRun("i.environment_id", "i.run_id")} AND r.lease_token = i.lease_token
JOIN environments e ON ${lookUp("e.id", "r.environment_id")}
LEFT JOIN deployment_tasks d
  ON ${lookUp("d.environment_id", "r.environment_id")} AND ${lookUp("d.deployment_id", "r.deployment_id")} AND ${lookUp("d.task_id", "r.task_id")}`,
};

/** Reads what a retry decision needs. None of it changes while the lease is held, so reading it before the statement that ends the lease is safe. */
export function selectRetryBounds(
  db: Queryable,
  leases: readonly { readonly environmentId: string; readonly runId: string; readonly leaseToken: string }[],
): Promise<RetryBoundsRow[]> {
  return db.query<RetryBoundsRow>(SELECT_RETRY_BOUNDS, [
    leases.map((lease) => lease.environmentId),
    leases.map((lease) => lease.runId),
    leases.map((lease) => lease.leaseToken),
  ]);
}
