import type { Queryable, Statement } from "@windlass/chassis";
import { microseconds } from "./sql.ts";

/** A lease, who holds it, and the moment of the answer. */
export interface HeldLease {
  readonly environment_id: string;
  readonly run_id: string;
  /** QUEUED: its process is suspended, and about to be continued. */
  readonly status: "EXECUTING" | "WAITING" | "QUEUED" | "CANCELING";
  readonly lease_token: string;
  readonly supervisor_id: string;
  readonly attempt_number: number;
  readonly claim_time_us: number;
  readonly now_us: number;
  /** True when the process was suspended under this lease, and no later one has continued it. */
  readonly is_suspended: boolean;
  /** True when its attempt has waited: so it was begun, and there is a process, or was. */
  readonly has_waited: boolean;
}

const LIST_LEASES_OF: Statement = {
  name: "list_leases_of",
  text: `
SELECT environment_id, id AS run_id, status, lease_token, supervisor_id, attempt_number, ${microseconds("claim_time")} AS claim_time_us,
  ${microseconds("now()")} AS now_us, (lease_token = suspended_token) IS TRUE AS is_suspended, wait_id IS NOT NULL AS has_waited
FROM runs WHERE supervisor_id = ANY ($1::text[])
ORDER BY environment_id, id
LIMIT $2
FOR UPDATE`,
};

/** Leases of these supervisors, ordered by (environment, run) and locked in that order. */
export function listLeasesOf(tx: Queryable, supervisorIds: readonly string[], limit: number): Promise<HeldLease[]> {
  return tx.query<HeldLease>(LIST_LEASES_OF, [supervisorIds, limit]);
}
