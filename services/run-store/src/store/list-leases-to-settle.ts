import type { Queryable, Statement } from "@windlass/chassis";
import type { HeldLease } from "./list-leases-of.ts";
import { microseconds } from "./sql.ts";

/** A lease about which its supervisor must be told something. */
export interface LeaseToSettle extends HeldLease {
  /** True when the supervisor does not have it, though it was claimed long enough ago to have arrived. */
  readonly is_missing: boolean;
  readonly cancel_reason: string | null;
  /** Null when no cancel was asked for. */
  readonly cancel_request_time_us: number | null;
}

/** A lease travels from its claim to the supervisor in milliseconds; one that the supervisor does not have after so long will not arrive. */
const DELIVERY_LIMIT = "10 seconds";

const LIST_LEASES_TO_SETTLE: Statement = {
  name: "list_leases_to_settle",
  text: `
SELECT environment_id, id AS run_id, status, lease_token, supervisor_id, attempt_number, ${microseconds("claim_time")} AS claim_time_us,
  ${microseconds("now()")} AS now_us, (lease_token = suspended_token) IS TRUE AS is_suspended, wait_id IS NOT NULL AS has_waited,
  (lease_token IN (SELECT unnest($2::uuid[]))) IS NOT TRUE AND claim_time < now() - interval '${DELIVERY_LIMIT}' AS is_missing,
  cancel_reason, ${microseconds("cancel_request_time")} AS cancel_request_time_us
FROM runs
WHERE supervisor_id = $1
  AND (cancel_request_time IS NOT NULL OR claim_time < now() - interval '${DELIVERY_LIMIT}' AND (lease_token IN (SELECT unnest($2::uuid[]))) IS NOT TRUE)
LIMIT $3`,
};

/** The supervisor's leases that are to be canceled, or that it does not hold. */
export function listLeasesToSettle(
  db: Queryable,
  supervisorId: string,
  heldTokens: readonly string[],
  limit: number,
): Promise<LeaseToSettle[]> {
  return db.query<LeaseToSettle>(LIST_LEASES_TO_SETTLE, [supervisorId, heldTokens, limit]);
}
