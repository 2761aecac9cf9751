import type { Lease, LeaseRef } from "@windlass/proto";
import type { ReportEntry } from "./report-buffer.ts";
import type { WorkerKind } from "./worker-kind.ts";
import type { KindDemand } from "./worker-pool.ts";

/**
 * Where a held lease stands. waiting: for a worker, or for a slot when its worker is suspended. running: a worker has it, or is
 * being ended because of it. suspended: its worker is suspended. reported: its end or its return is on the way to the
 * run-store.
 */
export type LeaseState = "waiting" | "running" | "suspended" | "reported";

/** A lease this supervisor holds. */
export interface HeldLease {
  readonly lease: Lease;
  readonly ref: LeaseRef;
  /** What kind of worker it needs. */
  readonly kind: WorkerKind;
  /** By the monotonic clock. */
  readonly receivedMs: number;
  readonly report: ReportEntry;
  /** It continues an attempt whose worker is suspended here, so it needs a slot and no other worker. */
  readonly isContinuation: boolean;
  state: LeaseState;
}

/** The leases this supervisor holds, those that wait in order of arrival. No I/O. */
export interface LeaseBook {
  add(held: HeldLease): void;
  get(leaseToken: string): HeldLease | undefined;
  /** It is not held any more: its end is stored, or it is not ours. */
  remove(held: HeldLease): void;
  /** The lease that has waited longest among the kinds that are `isServable`. It stays until `move`. */
  longestWaiting(isServable: (kind: WorkerKind) => boolean): HeldLease | undefined;
  /** The first that waits for a slot alone. It stays until `move`. */
  firstContinuation(): HeldLease | undefined;
  move(held: HeldLease, state: "running" | "suspended" | "reported"): void;
  /** Those that wait for a worker. */
  waiting(): HeldLease[];
  /** How many wait for a worker of a kind (WorkerKind.key) that is not `isServed`. */
  unservedCount(isServed: (kind: string) => boolean): number;
  demands(nowMs: number): KindDemand[];
  tokens(): string[];
  /** Continuations included. */
  readonly waitingCount: number;
  readonly runningCount: number;
  readonly suspendedCount: number;
  readonly size: number;
}

interface Line {
  readonly kind: WorkerKind;
  readonly leases: Set<HeldLease>;
}

export function createLeaseBook(): LeaseBook {
  const held = new Map<string, HeldLease>();
  const lines = new Map<string, Line>();
  const continuations = new Set<HeldLease>();
  const counts = { waiting: 0, running: 0, suspended: 0, reported: 0 };

  function leave(lease: HeldLease): void {
    if (!continuations.delete(lease)) {
      const line = lines.get(lease.kind.key);
      if (line?.leases.delete(lease) === true && line.leases.size === 0) lines.delete(lease.kind.key);
    }
    counts[lease.state] -= 1;
  }

  const first = (leases: Set<HeldLease>) => leases.values().next().value;

  return {
    add(lease) {
      held.set(lease.ref.leaseToken, lease);
      counts[lease.state] += 1;
      if (lease.isContinuation) {
        continuations.add(lease);
        return;
      }
      const line = lines.get(lease.kind.key);
      if (line === undefined) lines.set(lease.kind.key, { kind: lease.kind, leases: new Set([lease]) });
      else line.leases.add(lease);
    },
    get: (leaseToken) => held.get(leaseToken),
    remove(lease) {
      if (!held.delete(lease.ref.leaseToken)) return;
      leave(lease);
      lease.state = "reported";
    },
    longestWaiting(isServable) {
      let longest: HeldLease | undefined;
      for (const { kind, leases } of lines.values()) {
        const candidate = first(leases);
        if (candidate === undefined || (longest !== undefined && longest.receivedMs <= candidate.receivedMs)) continue;
        if (isServable(kind)) longest = candidate;
      }
      return longest;
    },
    firstContinuation: () => first(continuations),
    move(lease, state) {
      leave(lease);
      lease.state = state;
      counts[state] += 1;
    },
    waiting: () => [...lines.values()].flatMap(({ leases }) => [...leases]),
    unservedCount(isServed) {
      let count = 0;
      for (const [kind, { leases }] of lines) if (!isServed(kind)) count += leases.size;
      return count;
    },
    demands(nowMs) {
      return [...lines.values()].map(({ kind, leases }) => ({
        kind: kind.key,
        workerKind: kind,
        waiting: leases.size,
        oldestWaitMs: nowMs - (first(leases)?.receivedMs ?? nowMs),
      }));
    },
    tokens: () => [...held.keys()],
    get waitingCount() {
      return counts.waiting;
    },
    get runningCount() {
      return counts.running;
    },
    get suspendedCount() {
      return counts.suspended;
    },
    get size() {
      return held.size;
    },
  };
}
