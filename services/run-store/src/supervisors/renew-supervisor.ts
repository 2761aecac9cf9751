import type { Queryable } from "@windlass/chassis";
import type { CancelLease, LeaseRef } from "@windlass/proto";
import { cancelLeaseToProto, leaseRefToProto } from "../conversions/cancel-lease.ts";
import { supervisorExpired } from "../failures.ts";
import { listLeasesToSettle } from "../store/list-leases-to-settle.ts";
import { renewSupervisor as renewRow } from "../store/renew-supervisor.ts";
import type { ReleaseLeases } from "../work/release-leases.ts";

/** What a heartbeat brings back. */
export interface Renewal {
  /** Cancels asked for among its leases. */
  readonly cancels: CancelLease[];
  /** Leases taken back because it does not hold them. */
  readonly revoked: LeaseRef[];
}

/** A heartbeat settles at most so many leases; the next one settles the rest (I10). */
const MAX_SETTLED = 1_000;

/**
 * Renews a supervisor's lease, and with it those of its runs. A lease that was claimed for it long enough ago and that it does not hold was lost on the way: it is given back
 * unstarted. Throws SUPERVISOR_EXPIRED when it is not known (any more), and NOT_READY.
 */
export async function renewSupervisor(
  { db, release }: { readonly db: Queryable; readonly release: ReleaseLeases },
  supervisorId: string,
  heldTokens: readonly string[],
): Promise<Renewal> {
  if (!(await renewRow(db, supervisorId))) throw supervisorExpired(supervisorId);
  const leases = await listLeasesToSettle(db, supervisorId, heldTokens, MAX_SETTLED);
  const missing = leases.filter((lease) => lease.is_missing);
  const revoked =
    missing.length === 0
      ? []
      : await release(
          missing.map((lease) => ({
            environmentId: lease.environment_id,
            runId: lease.run_id,
            leaseToken: lease.lease_token,
            supervisorId,
          })),
        );
  return {
    cancels: leases
      .filter((lease) => !lease.is_missing)
      .map((lease) => cancelLeaseToProto({ ...lease, id: lease.run_id })),
    revoked: revoked.map((lease) => leaseRefToProto(lease.environmentId, lease.runId, lease.leaseToken)),
  };
}
