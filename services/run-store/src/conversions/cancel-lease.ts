import type { CancelLease, LeaseRef } from "@windlass/proto";
import { optionalTimestamp } from "./moments.ts";

/** What tells a supervisor to cancel an attempt. */
export function cancelLeaseToProto(lease: {
  readonly environment_id: string;
  readonly id: string;
  readonly lease_token: string | null;
  readonly cancel_reason: string | null;
  readonly cancel_request_time_us: number | null;
}): CancelLease {
  return {
    $typeName: "windlass.internal.v1.CancelLease",
    ref: leaseRefToProto(lease.environment_id, lease.id, lease.lease_token ?? ""),
    reason: lease.cancel_reason ?? "",
    requestTime: optionalTimestamp(lease.cancel_request_time_us),
  };
}

export function leaseRefToProto(environmentId: string, runId: string, leaseToken: string): LeaseRef {
  return { $typeName: "windlass.internal.v1.LeaseRef", environmentId, runId, leaseToken };
}
