import type { KnownRuns } from "./known-runs.ts";
import type { QueueLines, WaitingRun } from "./lines.ts";
import { ALL_MACHINES } from "./machines.ts";

/** How full a queue is. */
export interface QueueState {
  readonly depth: number;
  readonly running: number;
  /** Slots that are kept for runs to come. */
  readonly reserved: number;
  /** Undefined when none waits. */
  readonly oldestQueueTimeUs: number | undefined;
}

/** Of one in which nothing waits or executes. */
export const EMPTY_QUEUE: QueueState = { depth: 0, running: 0, reserved: 0, oldestQueueTimeUs: undefined };

/** How full it is. O(keys). */
export function stateOf({ depth, running: used, reserved, keys }: QueueLines, known: KnownRuns): QueueState {
  let oldestQueueTimeUs: number | undefined;
  const look = (run: WaitingRun | undefined): void => {
    if (run !== undefined) oldestQueueTimeUs = Math.min(run.queueTimeUs, oldestQueueTimeUs ?? Infinity);
  };
  if (depth > 0) {
    for (const { free, bound } of keys.values()) {
      look(known.firstOf(free, ALL_MACHINES));
      for (const { runs } of bound?.values() ?? []) look(known.headOf(runs));
    }
  }
  return { depth, running: used - reserved, reserved, oldestQueueTimeUs };
}
