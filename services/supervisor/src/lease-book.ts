import type { OpenSpan } from "@windlass/chassis";
import type { FinishAttempt, Lease, LeaseRef } from "@windlass/proto";
import type { Attempt } from "./attempt.ts";
import type { AttemptEnd } from "./exit-policy.ts";
import type { Demand } from "./pool-plan.ts";
import type { ReportEntry } from "./report-buffer.ts";
import type { Worker } from "./worker.ts";

/**
 * Where a held lease stands. waiting: for a worker. running: a worker has it, or is being ended because of it. reported: its
 * end or its return is on the way to the run-store.
 */
export type LeaseState = "waiting" | "running" | "reported";

/** How a running attempt will have ended once its worker is gone. */
export type PendingEnd =
  /** As the worker said, before it had to go (I5: it is not reported before). */
  | { readonly kind: "finished"; readonly finish: FinishAttempt }
  | { readonly kind: "ended"; readonly end: AttemptEnd }
  | { readonly kind: "cancel-forced" }
  /** The lease is not ours any more: nothing is said of it. */
  | { readonly kind: "dropped" };

/** A lease this supervisor holds. */
export interface HeldLease {
  readonly lease: Lease;
  readonly ref: LeaseRef;
  /** By the monotonic clock. */
  readonly receivedMs: number;
  readonly report: ReportEntry;
  state: LeaseState;
  attempt: Attempt | undefined;
  worker: Worker | undefined;
  span: OpenSpan | undefined;
  /** When a worker got it, by the monotonic clock. */
  begunMs: number;
  /** When its cancel has to have come to an end, by the monotonic clock; undefined while none was delivered. */
  cancelDueMs: number | undefined;
  pendingEnd: PendingEnd | undefined;
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
  running(): HeldLease[];
  demands(nowMs: number): Demand[];
  tokens(): string[];
  readonly waitingCount: number;
  readonly runningCount: number;
  readonly size: number;
}

export function createLeaseBook(): LeaseBook {
  const held = new Map<string, HeldLease>();
  const queues = new Map<string, Set<HeldLease>>();
  const runningLeases = new Set<HeldLease>();
  let waitingCount = 0;

  function leave(lease: HeldLease): void {
    if (lease.state === "running") runningLeases.delete(lease);
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
      if (state === "running") runningLeases.add(lease);
    },
    waiting: () => [...queues.values()].flatMap((queue) => [...queue]),
    running: () => [...runningLeases],
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
      return runningLeases.size;
    },
    get size() {
      return held.size;
    },
  };
}
