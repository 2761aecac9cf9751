import { durationMs } from "@bufbuild/protobuf/wkt";
import type { Queue } from "@windlass/proto";
import { present } from "../client/present.ts";
import { dateOf } from "../client/run-snapshot.ts";

/** A queue as it was at one moment. */
export interface QueueSnapshot {
  /** What a run's `queue` says: the name; "task/<id>" for a task's own. */
  readonly id: string;
  /** "task": a task's own. "custom": any other. */
  readonly type: "task" | "custom";
  /** As in `queue({ name })`; the task's id for a task's own. */
  readonly name: string;
  /** How many runs wait. */
  readonly queued: number;
  /** How many runs execute. */
  readonly running: number;
  /** When the run that has waited longest was queued; absent when none waits. */
  readonly oldestQueuedAt?: Date;
  /** True: none of its runs begins. */
  readonly paused: boolean;
  /** How many of its runs may execute at once, for each concurrency key by itself; absent: without limit. */
  readonly concurrencyLimit?: number;
  /** What the tasks of the current deployment say; absent: nothing. */
  readonly declaredConcurrencyLimit?: number;
  /** True while an override goes before what the tasks say. */
  readonly isOverridden: boolean;
  readonly rateLimit?: { readonly limit: number; readonly periodMs: number; readonly perKey: boolean };
  /** How many runs may wait; absent: without limit. */
  readonly maxLength?: number;
}

/** Begins the id of a task's own queue. */
export const OWN_QUEUE_PREFIX = "task/";

export function queueSnapshotFromProto(queue: Queue): QueueSnapshot {
  const { name: id, rateLimit } = queue;
  const isOwn = id.startsWith(OWN_QUEUE_PREFIX);
  return {
    id,
    type: isOwn ? "task" : "custom",
    name: isOwn ? id.slice(OWN_QUEUE_PREFIX.length) : id,
    queued: Number(queue.depth),
    running: Number(queue.running),
    paused: queue.isPaused,
    isOverridden: queue.isOverridden,
    ...present({
      oldestQueuedAt: dateOf(queue.oldestQueueTime),
      concurrencyLimit: queue.concurrencyLimit,
      declaredConcurrencyLimit: queue.declaredConcurrencyLimit,
      maxLength: queue.maxLength,
      rateLimit:
        rateLimit === undefined
          ? undefined
          : {
              limit: rateLimit.limit,
              periodMs: rateLimit.period === undefined ? 0 : durationMs(rateLimit.period),
              perKey: rateLimit.isPerKey,
            },
    }),
  };
}
