import type { Lease, LeaseRef } from "@windlass/proto";
import type { Demand } from "./pool-plan.ts";
import type { ReportEntry } from "./report-buffer.ts";

/**
 * Where a held lease stands. waiting: for a worker. running: a worker has it, or is being ended because of it. reported: its
 * end or its return is on the way to the run-store.
 */
export type LeaseState = "waiting" | "running" | "reported";

/** A lease this supervisor holds. */
export interface HeldLease {
  readonly lease: Lease;
  readonly ref: LeaseRef;
  /** By the monotonic clock. */
  readonly receivedMs: number;
  readonly report: ReportEntry;
  state: LeaseState;
}

/** The leases this supervisor holds, those that wait in order of arrival. No I/O. */
export interface LeaseBook {
  add(held: HeldLease): void;
  get(leaseToken: string): HeldLease | undefined;
  /** It is not held any more: its end is stored, or it is not ours. */
  remove(held: HeldLease): void;
  /** The lease that has waited longest among the bundles that `isServable`. It stays until `move`. */
  longestWaiting(isServable: (bundleHash: string) => boolean): HeldLease | undefined;
  move(held: HeldLease, state: "running" | "reported"): void;
  waiting(): HeldLease[];
  demands(nowMs: number): Demand[];
  tokens(): string[];
  readonly waitingCount: number;
  readonly runningCount: number;
  readonly size: number;
}

export function createLeaseBook(): LeaseBook {
  const held = new Map<string, HeldLease>();
  const queues = new Map<string, Set<HeldLease>>();
  let waitingCount = 0;
  let runningCount = 0;

  function leave(lease: HeldLease): void {
    if (lease.state === "running") runningCount -= 1;
    if (lease.state !== "waiting") return;
    const queue = queues.get(lease.lease.bundleHash);
    if (queue?.delete(lease) !== true) return;
    waitingCount -= 1;
    if (queue.size === 0) queues.delete(lease.lease.bundleHash);
  }

  const first = (queue: Set<HeldLease>) => queue.values().next().value;

  return {
    add(lease) {
      held.set(lease.ref.leaseToken, lease);
      const { bundleHash } = lease.lease;
      const queue = queues.get(bundleHash);
      if (queue === undefined) queues.set(bundleHash, new Set([lease]));
      else queue.add(lease);
      waitingCount += 1;
    },
    get: (leaseToken) => held.get(leaseToken),
    remove(lease) {
      leave(lease);
      lease.state = "reported";
      held.delete(lease.ref.leaseToken);
    },
    longestWaiting(isServable) {
      let longest: HeldLease | undefined;
      for (const [bundleHash, queue] of queues) {
        const candidate = first(queue);
        if (candidate === undefined || (longest !== undefined && longest.receivedMs <= candidate.receivedMs)) continue;
        if (isServable(bundleHash)) longest = candidate;
      }
      return longest;
    },
    move(lease, state) {
      leave(lease);
      lease.state = state;
      if (state === "running") runningCount += 1;
    },
    waiting: () => [...queues.values()].flatMap((queue) => [...queue]),
    demands(nowMs) {
      return [...queues].map(([bundleHash, queue]) => ({
        bundleHash,
        waiting: queue.size,
        oldestWaitMs: nowMs - (first(queue)?.receivedMs ?? nowMs),
      }));
    },
    tokens: () => [...held.keys()],
    get waitingCount() {
      return waitingCount;
    },
    get runningCount() {
      return runningCount;
    },
    get size() {
      return held.size;
    },
  };
}
