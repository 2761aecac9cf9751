import { CancelPhase, type RunError, RunErrorCode, type RunEvent } from "@windlass/proto";
import { timestampFromMicroseconds } from "../conversions/moments.ts";
import type { HeldLease } from "../store/list-leases-of.ts";
import type { Lease } from "../work/lease.ts";
import type { ReportItem } from "../work/report-item.ts";

/** What names a lease in a report. */
export function heldLeaseKey(lease: HeldLease): Lease {
  return {
    environmentId: lease.environment_id,
    runId: lease.run_id,
    leaseToken: lease.lease_token,
    supervisorId: lease.supervisor_id,
  };
}

/** The end of an attempt whose supervisor is gone, or no longer has it: LOST, hence retried by the policy, or a cancel that came to no other end. */
export function lostAttempt(lease: HeldLease): ReportItem {
  return endedAttempt(lease, {
    code: RunErrorCode.SUPERVISOR_LOST,
    name: "SupervisorLostError",
    message: `The supervisor ${lease.supervisor_id}, which executed the attempt, stopped renewing its lease.`,
    hint: "Look for the end of its process or machine, or for a network that was cut.",
  });
}

/** The same where the supervisor has left in order: it was told to stop, so the attempt counts for nothing. */
export function evictedAttempt(lease: HeldLease): ReportItem {
  return endedAttempt(lease, {
    code: RunErrorCode.EVICTED,
    name: "EvictedError",
    message: `The supervisor ${lease.supervisor_id} was stopped while the attempt waited.`,
    hint: "Nothing needs to be done: it begins again on another supervisor.",
  });
}

function endedAttempt(lease: HeldLease, error: Pick<RunError, "code" | "name" | "message" | "hint">): ReportItem {
  const isCanceling = lease.status === "CANCELING";
  return {
    kind: "finish",
    lease: heldLeaseKey(lease),
    attemptNumber: lease.attempt_number,
    outcome: isCanceling ? "CANCEL_FORCED" : "LOST",
    output: undefined,
    error: { $typeName: "windlass.v1.RunError", stack: "", causes: [], fieldsJson: "", ...error },
    decision: { kind: "by policy" },
    startTimeUs: lease.claim_time_us,
    finishTimeUs: lease.now_us,
    hooks: [],
    events: isCanceling ? [cancelForced(lease.now_us)] : [],
  };
}

function cancelForced(timeUs: number): RunEvent {
  return {
    $typeName: "windlass.v1.RunEvent",
    seq: 0n,
    time: timestampFromMicroseconds(timeUs),
    body: {
      case: "cancelProgress",
      value: { $typeName: "windlass.v1.CancelProgress", phase: CancelPhase.FORCED, reason: "" },
    },
  };
}
