import type { Supervisor } from "@windlass/proto";
import type { SupervisorRow } from "../store/list-supervisors.ts";
import { timestampFromMicroseconds } from "./moments.ts";

/** A supervisor as everybody may see it: not where it is. */
export function supervisorToProto(row: SupervisorRow): Supervisor {
  const { workers, vcpu, memory_gb: memoryGb, machines } = row;
  return {
    $typeName: "windlass.v1.Supervisor",
    id: row.id,
    sandboxTier: row.sandbox_tier,
    capacity:
      workers === null
        ? undefined
        : { $typeName: "windlass.v1.SupervisorCapacity", workers, vcpu, memoryGb, machines: [...machines] },
    release: row.release,
    isDraining: row.is_draining,
    executing: row.executing,
    suspended: row.suspended,
    registerTime: timestampFromMicroseconds(row.register_time_us),
    heartbeatTime: timestampFromMicroseconds(row.heartbeat_time_us),
    expireTime: timestampFromMicroseconds(row.expire_time_us),
  };
}
