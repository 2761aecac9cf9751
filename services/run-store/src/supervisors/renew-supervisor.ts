import type { Queryable } from "@windlass/chassis";
import type { CancelLease, LeaseRef } from "@windlass/proto";
import { cancelLeaseToProto, leaseRefToProto } from "../conversions/cancel-lease.ts";
import { supervisorExpired } from "../failures.ts";
import { type LeaseToSettle, listLeasesToSettle } from "../store/list-leases-to-settle.ts";
import { renewSupervisor as renewRow } from "../store/renew-supervisor.ts";
import type { ParsedHeartbeat } from "../validation/supervisor-requests.ts";
import type { ReportItem } from "../work/report-item.ts";
import type { WorkReporter } from "../work/report-work.ts";
import { heldLeaseKey, lostAttempt } from "./lost-attempt.ts";

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
 * unstarted, or to where its attempt was suspended. An attempt whose suspended process it no longer has is LOST. Throws SUPERVISOR_EXPIRED when it is not known (any more), and
 * NOT_READY.
 */
export async function renewSupervisor(
  { db, reporter }: { readonly db: Queryable; readonly reporter: Pick<WorkReporter, "report"> },
  supervisorId: string,
  heartbeat: ParsedHeartbeat,
): Promise<Renewal> {
  if (!(await renewRow(db, supervisorId, heartbeat))) throw supervisorExpired(supervisorId);
  const leases = await listLeasesToSettle(db, supervisorId, heartbeat.leaseTokens, MAX_SETTLED);
  const missing = leases.filter((lease) => lease.is_missing);
  return {
    cancels: leases
      .filter((lease) => !lease.is_missing && lease.cancel_request_time_us !== null)
      .map((lease) => cancelLeaseToProto({ ...lease, id: lease.run_id })),
    revoked: missing.length === 0 ? [] : await takeBack(reporter, missing),
  };
}

/** Those that were still held. */
async function takeBack(
  reporter: Pick<WorkReporter, "report">,
  missing: readonly LeaseToSettle[],
): Promise<LeaseRef[]> {
  const items = missing.map((lease): ReportItem =>
    lease.is_suspended ? lostAttempt(lease) : { kind: "release", lease: heldLeaseKey(lease) },
  );
  const lost = new Set((await reporter.report({ items, bytes: 0 })).lost);
  return items
    .filter((item) => !lost.has(item.lease))
    .map(({ lease }) => leaseRefToProto(lease.environmentId, lease.runId, lease.leaseToken));
}
