import type { Clock, Logger, Telemetry, Timer } from "@windlass/chassis";
import {
  AttemptOutcome,
  type CancelLease,
  type FinishAttempt,
  type Lease,
  type LeaseRef,
  type ResumeAttempt,
  type RunUpdate,
  type SuspendAttempt,
} from "@windlass/proto";
import { Attempt, type RecordEvent } from "./attempt.ts";
import { createAttemptRunner, type EndedAttempt } from "./attempt-runner.ts";
import { leasesWanted, longRunMs, meanAfterRelease, nextMeanRunMs, shouldRelease } from "./credit-policy.ts";
import { defaultMachine, machineOf } from "./driver/machine.ts";
import type { AttemptEnd } from "./exit-policy.ts";
import { createLeaseBook, type HeldLease } from "./lease-book.ts";
import { createRecentMap } from "./recent-map.ts";
import type { ReportEntry } from "./report-buffer.ts";
import { machineUnknownError, taskMissingError, waitLostError } from "./run-errors.ts";
import type { SupervisorMetrics } from "./supervisor-metrics.ts";
import type { WakeUps } from "./wake-ups.ts";
import { workerKindOf } from "./worker-kind.ts";
import type { Worker, WorkerEnd, WorkerEvents } from "./worker.ts";
import type { WorkerPool } from "./worker-pool.ts";

/** Where the executor reports to; see Reporter. */
export interface ExecutionReports {
  /** More is waiting to be reported than is good: no new work should be taken. */
  readonly isCongested: boolean;
  open(ref: LeaseRef): ReportEntry;
  recorder(entry: ReportEntry): RecordEvent;
  finish(entry: ReportEntry, finish: FinishAttempt): void;
  release(entry: ReportEntry): void;
  describe(entry: ReportEntry, update: RunUpdate): void;
  suspend(entry: ReportEntry, suspend: SuspendAttempt): void;
  resume(entry: ReportEntry, resume: ResumeAttempt): void;
  /** The attempt goes on under another lease. */
  succeed(entry: ReportEntry, ref: LeaseRef): ReportEntry;
  forget(entry: ReportEntry): void;
  /** Lets go what has been held long enough. */
  flushHeld(): void;
}

/** Leases wanted, and leases held that are not over. */
export interface Capacity {
  readonly wanted: number;
  readonly held: number;
}

/** Brings leases to workers and their ends to the reporter. */
export interface Executor {
  accept(leases: readonly Lease[]): void;
  cancel(request: CancelLease): void;
  /** The lease is not ours any more: its work is ended, and nothing is said of it. Should it come yet, it is refused. */
  drop(ref: LeaseRef): void;
  /** What was said of the lease was not stored, because it is not ours any more; or another that continues it is on its way. */
  lost(ref: LeaseRef): void;
  /** That the attempt of this lease waits is stored. */
  suspended(ref: LeaseRef): void;
  /** The attempt of this lease must not wait: these runs wait for each other, and the last for it. */
  deadlocked(ref: LeaseRef, runIds: readonly string[]): void;
  /** That the attempt of this lease waits, or waits no longer, cannot be stored. */
  waitRefused(ref: LeaseRef, why: string): void;
  /** No lease is ours any more. */
  dropAll(): void;
  /** What was reported last of the lease is stored. */
  settled(ref: LeaseRef): void;
  heldTokens(): string[];
  capacity(): Capacity;
  workers(): Iterable<Worker>;
  /** How many leases stand where. */
  counts(): Record<"waiting" | "running" | "suspended" | "reported", number>;
  /** Takes nothing new, gives back what has not begun, ends what waits as LOST, and resolves when the rest has ended or the signal aborts. */
  drain(signal: AbortSignal): Promise<void>;
  /** Ends what still runs as LOST, and every worker. */
  stop(): Promise<void>;
}

/** One timer for everything that is due by the clock; it runs only while a lease is held. */
const sweepMs = 50;
const pingIntervalMs = 5_000;
const rememberedCancels = 1_000;
const rememberedRevocations = 10_000;
const rememberedEnds = 1_000;

export function createExecutor(options: {
  /** Builds the pool with the executor as its audience. */
  createPool: (events: WorkerEvents) => WorkerPool;
  reports: ExecutionReports;
  /** This supervisor's present id. */
  supervisorId: () => string;
  /** Capacity may have changed. */
  onCapacity: () => void;
  cancelLimitMs: number;
  wakeUps: Pick<WakeUps, "watch">;
  /** How many attempts may wait at once. */
  maxSuspended: number;
  metrics: SupervisorMetrics;
  telemetry: Telemetry;
  clock: Clock;
  logger: Logger;
}): Executor {
  const { reports, onCapacity, clock, logger } = options;
  const book = createLeaseBook();
  const runner = createAttemptRunner({
    ...options,
    recorder: ({ report }) => reports.recorder(report),
    events: {
      onEnded,
      onDescribed: ({ report }, update) => reports.describe(report, update),
      onWaiting: ({ report }, suspend) => reports.suspend(report, suspend),
      onSuspended,
      onWaitOver: ({ report }, resume) => reports.resume(report, resume),
    },
  });
  const pool = options.createPool({
    onReady: rearrange,
    onMessage: (worker, message) => runner.onMessage(worker, message),
    onViolation: (worker, violation) => runner.onViolation(worker, violation),
    onGone,
  });
  /** Cancels that came before their lease. */
  const earlyCancels = createRecentMap<CancelLease>(rememberedCancels);
  const revoked = createRecentMap<true>(rememberedRevocations);
  /** How attempts ended that waited, by their wait: the lease that was to continue one may have been made at that moment. */
  const endedWaits = createRecentMap<FinishAttempt>(rememberedEnds);
  const whenIdle = new Set<() => void>();
  let meanRunMs: number | undefined;
  let lastEndMs = 0;
  let lastPingMs = 0;
  let isDraining = false;
  let sweepTimer: Timer | undefined;

  function receive(lease: Lease): void {
    const { ref } = lease;
    if (ref === undefined || lease.run === undefined) {
      logger.error("a lease without run or ref was dropped", { ref });
      return;
    }
    if (revoked.take(ref.leaseToken) !== undefined || book.get(ref.leaseToken) !== undefined) return;
    const machine = machineOf(lease.machine);
    const waited = lease.resumeWaitId === "" ? undefined : runner.findWaiting(ref.runId, lease.resumeWaitId);
    const held: HeldLease = {
      lease,
      ref,
      kind: workerKindOf(lease, machine ?? defaultMachine),
      receivedMs: clock.monotonicMs(),
      report: waited === undefined ? reports.open(ref) : reports.succeed(waited.report, ref),
      isContinuation: waited !== undefined,
      state: "waiting",
    };
    book.add(held);
    const cancel = earlyCancels.take(ref.leaseToken);
    if (waited !== undefined) {
      runner.continueUnder(waited, held);
      book.remove(waited);
      if (cancel !== undefined) cancelContinuation(held, cancel);
    } else if (lease.resumeWaitId !== "") endLostWait(held, lease.resumeWaitId);
    else if (cancel !== undefined) cancelWaiting(held, cancel);
    else if (isDraining) release(held);
    else {
      const failure = machine === undefined ? machineUnknown(lease.machine) : pool.recentFailure(held.kind.key);
      if (failure !== undefined) endUnstarted(held, failure);
    }
  }

  /** The lease continues an attempt whose process is gone: it ends as it has ended, or as lost when that is not known. */
  function endLostWait(held: HeldLease, waitId: string): void {
    const finish = endedWaits.take(waitId);
    if (finish !== undefined) report(held, { ...finish, ref: held.ref, events: [] });
    else endUnstarted(held, { outcome: AttemptOutcome.LOST, error: waitLostError(), retry: "by-policy" });
  }

  function onSuspended(held: HeldLease, worker: Worker): void {
    book.move(held, "suspended");
    pool.park(worker);
    rearrange();
  }

  /** Workers for what waits, and work for who is idle. */
  function rearrange(): void {
    pool.adjust(book.demands(clock.monotonicMs()));
    assign();
    onCapacity();
  }

  function assign(): void {
    for (let held = book.firstContinuation(); held !== undefined; held = book.firstContinuation()) {
      const worker = runner.workerOf(held);
      // Nothing new begins before it: it is older, and has the memory of its process here already.
      if (worker !== undefined && !pool.canContinue(worker)) return;
      book.move(held, "running");
      if (worker === undefined) continue;
      pool.unpark(worker);
      runner.resume(held);
    }
    while (book.waitingCount > 0) {
      const held = book.longestWaiting((kind) => pool.hasIdle(kind));
      const worker = held === undefined ? undefined : pool.takeIdle(held.kind);
      if (held === undefined || worker === undefined) return;
      const taskId = held.lease.run?.taskId ?? "";
      if (worker.hasTask(taskId)) {
        book.move(held, "running");
        runner.begin(held, worker);
      } else {
        pool.giveBack(worker);
        endUnstarted(held, { outcome: AttemptOutcome.LOST, error: taskMissingError(taskId), retry: "never" });
      }
    }
  }

  function onEnded({ held, worker, finish, durationMs, waitId, isWorkerFree }: EndedAttempt): void {
    lastEndMs = clock.monotonicMs();
    if (finish !== undefined && waitId !== undefined) endedWaits.set(waitId, { ...finish });
    if (finish !== undefined) report(held, finish);
    // Who uses up a process costs its slot the start of another.
    meanRunMs = nextMeanRunMs(meanRunMs, isWorkerFree ? durationMs : durationMs + pool.startMs);
    if (!isWorkerFree) return;
    pool.giveBack(worker);
    if (worker.state === "idle" && !pool.isPlaceOwed) {
      assign();
      onCapacity();
    } else {
      rearrange();
    }
    tellIfIdle();
  }

  function onGone(worker: Worker, end: WorkerEnd): void {
    const hadAttempt = runner.onGone(worker, end);
    // As long as another worker of the version is there or may come, its leases wait for that one.
    if (!hadAttempt && end.startFailure !== undefined && pool.recentFailure(worker.kind.key) !== undefined) {
      for (const waiting of book.waiting()) {
        if (waiting.kind.key === worker.kind.key) endUnstarted(waiting, end.startFailure);
      }
    }
    rearrange();
    tellIfIdle();
  }

  function report(held: HeldLease, finish: FinishAttempt): void {
    book.move(held, "reported");
    reports.finish(held.report, finish);
  }

  function release(held: HeldLease): void {
    book.move(held, "reported");
    reports.release(held.report);
  }

  /** The books of an attempt that no worker has begun. */
  function unstarted({ lease, ref, report: entry }: HeldLease): Attempt {
    return new Attempt(lease, ref, clock.nowMs(), reports.recorder(entry));
  }

  function endUnstarted(held: HeldLease, end: AttemptEnd): void {
    report(held, unstarted(held).ended(end, clock.nowMs()));
  }

  function cancelWaiting(held: HeldLease, { reason }: CancelLease): void {
    report(held, unstarted(held).canceled("before-start", reason, clock.nowMs()));
  }

  /** It waits for a slot, which a cancel does not need. */
  function cancelContinuation(held: HeldLease, request: CancelLease): void {
    book.move(held, "running");
    runner.cancel(held, request);
  }

  function dropHeld(held: HeldLease): void {
    runner.drop(held);
    reports.forget(held.report);
    book.remove(held);
  }

  function drop(ref: LeaseRef): void {
    const held = book.get(ref.leaseToken);
    if (held === undefined) revoked.set(ref.leaseToken, true);
    else dropHeld(held);
  }

  function sweep(): void {
    sweepTimer = undefined;
    const nowMs = clock.monotonicMs();
    reports.flushHeld();
    runner.enforceLimits();
    const { startMs, reservedPreset: reserved } = pool;
    const next = reserved === undefined ? undefined : book.longestWaiting(({ machine }) => machine.preset === reserved);
    for (const held of book.waiting()) {
      const { key } = held.kind;
      const waitedMs = nowMs - Math.max(held.receivedMs, pool.servedSince.get(key) ?? 0);
      if (!shouldRelease(waitedMs, nowMs - lastEndMs, { startMs, isNextInReserve: held === next })) continue;
      if (pool.isStarting(key)) continue;
      release(held);
      if (pool.servedSince.has(key)) meanRunMs = meanAfterRelease(meanRunMs);
    }
    if (nowMs - lastPingMs >= pingIntervalMs) {
      lastPingMs = nowMs;
      runner.pingAll();
    }
    rearrange();
    keepSweeping();
  }

  function keepSweeping(): void {
    if (book.size > 0) sweepTimer ??= clock.setTimeout(sweep, sweepMs);
  }

  function tellIfIdle(): void {
    if (runner.count > 0) return;
    for (const tell of whenIdle) tell();
    whenIdle.clear();
  }

  return {
    accept(leases) {
      for (const lease of leases) receive(lease);
      rearrange();
      keepSweeping();
    },
    cancel(request) {
      if (request.ref === undefined) return;
      const held = book.get(request.ref.leaseToken);
      if (held === undefined) earlyCancels.set(request.ref.leaseToken, request);
      else if (held.state === "running" || held.state === "suspended") runner.cancel(held, request);
      else if (held.isContinuation && held.state === "waiting") cancelContinuation(held, request);
      else if (held.state === "waiting") cancelWaiting(held, request);
    },
    drop,
    lost(ref) {
      const held = book.get(ref.leaseToken);
      if (held !== undefined && runner.isResuming(held)) runner.doubt(held);
      else drop(ref);
    },
    suspended(ref) {
      const held = book.get(ref.leaseToken);
      if (held !== undefined) runner.suspend(held);
    },
    deadlocked(ref, runIds) {
      const held = book.get(ref.leaseToken);
      if (held !== undefined) runner.endDeadlock(held, runIds);
    },
    waitRefused(ref, why) {
      const held = book.get(ref.leaseToken);
      if (held !== undefined) runner.endRefusedWait(held, why);
    },
    dropAll() {
      for (const token of book.tokens()) {
        const held = book.get(token);
        if (held !== undefined) dropHeld(held);
      }
    },
    settled(ref) {
      const held = book.get(ref.leaseToken);
      if (held?.state === "reported") book.remove(held);
    },
    heldTokens: () => book.tokens(),
    capacity() {
      const held = book.waitingCount + book.runningCount;
      if (isDraining || reports.isCongested) return { wanted: 0, held };
      const longRuns = runner.countLongerThan(longRunMs);
      const unserved = pool.servedSince.size === 0 ? 0 : book.unservedCount((kind) => pool.servedSince.has(kind));
      return { wanted: leasesWanted({ slots: pool.slots, longRuns, meanRunMs, unserved }), held };
    },
    workers: () => pool.workers,
    counts() {
      const { waitingCount: waiting, runningCount: running, suspendedCount: suspended } = book;
      return { waiting, running, suspended, reported: book.size - waiting - running - suspended };
    },
    async drain(signal) {
      isDraining = true;
      for (const held of book.waiting()) release(held);
      runner.endWaiting();
      onCapacity();
      if (runner.count === 0 || signal.aborted) return;
      await new Promise<void>((resolve) => {
        whenIdle.add(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    },
    async stop() {
      isDraining = true;
      for (const held of book.waiting()) release(held);
      runner.endAll();
      await pool.stop();
      sweepTimer?.cancel();
    },
  };
}

function machineUnknown(machine: string): AttemptEnd {
  return { outcome: AttemptOutcome.LOST, error: machineUnknownError(machine), retry: "never" };
}
