import type { Queue, QueueState } from "@windlass/proto";
import type { QueueCountRow } from "../store/count-queues.ts";
import type { QueueRow } from "../store/queue-row.ts";
import { optionalTimestamp } from "./moments.ts";
import { rateLimitToProto } from "./queue-settings.ts";

/** A queue and how full it is. */
export function queueToProto(row: QueueRow, state: QueueState | undefined): Queue {
  const rateLimit = rateLimitToProto(row);
  return {
    $typeName: "windlass.v1.Queue",
    name: row.name,
    ...(row.concurrency_limit !== null && { concurrencyLimit: row.concurrency_limit }),
    ...(row.declared_limit !== null && { declaredConcurrencyLimit: row.declared_limit }),
    isOverridden: row.override_limit !== null,
    isPaused: row.is_paused,
    ...(rateLimit !== undefined && { rateLimit }),
    ...(row.max_length !== null && { maxLength: row.max_length }),
    depth: state?.depth ?? 0n,
    running: state?.running ?? 0n,
    ...(state?.oldestQueueTime !== undefined && { oldestQueueTime: state.oldestQueueTime }),
  };
}

/** What was counted in the store, as the queue service would say it. */
export function queueCountToProto(row: QueueCountRow): QueueState {
  const oldestQueueTime = optionalTimestamp(row.oldest_queue_time_us);
  return {
    $typeName: "windlass.internal.v1.QueueState",
    depth: BigInt(row.depth),
    running: BigInt(row.running),
    ...(oldestQueueTime !== undefined && { oldestQueueTime }),
  };
}
