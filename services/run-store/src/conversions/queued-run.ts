import type { QueuedRun } from "@windlass/proto";
import type { QueuedRow } from "../store/list-queued-runs.ts";

export function queuedRunToProto(row: QueuedRow): QueuedRun {
  return {
    $typeName: "windlass.internal.v1.QueuedRun",
    environmentId: row.environment_id,
    runId: row.id,
    taskId: row.task_id,
    queue: row.queue,
    queueTimeUs: BigInt(row.queue_time_us),
    traceparent: row.traceparent,
    supervisorId: row.supervisor_id ?? "",
    concurrencyKey: row.concurrency_key ?? "",
    machine: row.machine ?? "",
  };
}
