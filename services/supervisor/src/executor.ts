import type { Clock, Logger, Telemetry, Timer } from "@windlass/chassis";
import { AttemptOutcome, type CancelLease, type FinishAttempt, type Lease, type LeaseRef } from "@windlass/proto";
import { Attempt, type RecordEvent } from "./attempt.ts";
import { createAttemptRunner, type EndedAttempt } from "./attempt-runner.ts";
import { leasesWanted, longRunMs, nextMeanRunMs, shouldRelease } from "./credit-policy.ts";
import type { AttemptEnd } from "./exit-policy.ts";
import { createLeaseBook, type HeldLease } from "./lease-book.ts";
import { createRecentMap } from "./recent-map.ts";
import type { ReportEntry } from "./report-buffer.ts";
import { taskMissingError } from "./run-errors.ts";
import type { SupervisorMetrics } from "./supervisor-metrics.ts";
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
  /** No lease is ours any more. */
  dropAll(): void;
  /** What was reported last of the lease is stored. */
  settled(ref: LeaseRef): void;
  heldTokens(): string[];
  capacity(): Capacity;
  workers(): Iterable<Worker>;
  /** How many leases stand where. */
  counts(): Record<"waiting" | "running" | "reported", number>;
  /** Takes nothing new, gives back what has not begun, and resolves when the rest has ended or the signal aborts. */
  drain(signal: AbortSignal): Promise<void>;
  /** Ends what still runs as LOST, and every worker. */
  stop(): Promise<void>;
}

/** One timer for everything that is due by the clock; it runs only while a lease is held. */
const sweepMs = 50;
const pingIntervalMs = 5_000;
const rememberedCancels = 1_000;
const rememberedRevocations = 10_000;

export function createExecutor(options: {
  /** Builds the pool with the executor as its audience. */
  createPool: (events: WorkerEvents) => WorkerPool;
  reports: ExecutionReports;
  /** This supervisor's present id. */
  supervisorId: () => string;
  /** Capacity may have changed. */
  onCapacity: () => void;
  cancelLimitMs: number;
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
    onEnded,
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
    const held: HeldLease = {
      lease,
      ref,
      receivedMs: clock.monotonicMs(),
      report: reports.open(ref),
      state: "waiting",
    };
    book.add(held);
    const cancel = earlyCancels.take(ref.leaseToken);
    if (cancel !== undefined) cancelWaiting(held, cancel);
    else if (isDraining) release(held);
    else {
      const failure = pool.recentFailure(lease.bundleHash);
      if (failure !== undefined) endUnstarted(held, failure);
    }
  }

  /** Workers for what waits, and work for who is idle. */
  function rearrange(): void {
    pool.adjust(book.demands(clock.monotonicMs()));
    assign();
    onCapacity();
  }

  function assign(): void {
    while (book.waitingCount > 0) {
      const held = book.longestWaiting((bundleHash) => pool.hasIdle(bundleHash));
      const worker = held === undefined ? undefined : pool.takeIdle(held.lease.bundleHash);
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

  function onEnded({ held, worker, finish, durationMs, isWorkerFree }: EndedAttempt): void {
    lastEndMs = clock.monotonicMs();
    if (finish !== undefined) report(held, finish);
    if (!isWorkerFree) return;
    meanRunMs = nextMeanRunMs(meanRunMs, durationMs);
    pool.giveBack(worker);
    if (worker.state === "idle") {
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
    if (!hadAttempt && end.startFailure !== undefined && pool.recentFailure(worker.bundleHash) !== undefined) {
      for (const waiting of book.waiting()) {
        if (waiting.lease.bundleHash === worker.bundleHash) endUnstarted(waiting, end.startFailure);
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

  function dropHeld(held: HeldLease): void {
    runner.drop(held);
    reports.forget(held.report);
    book.remove(held);
  }

  function sweep(): void {
    sweepTimer = undefined;
    const nowMs = clock.monotonicMs();
    reports.flushHeld();
    runner.forceDueCancels();
    for (const held of book.waiting()) {
      if (!shouldRelease(nowMs - held.receivedMs, nowMs - lastEndMs)) continue;
      if (!pool.isStarting(held.lease.bundleHash)) release(held);
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
      else if (held.state === "waiting") cancelWaiting(held, request);
      else if (held.state === "running") runner.cancel(held, request);
    },
    drop(ref) {
      const held = book.get(ref.leaseToken);
      if (held === undefined) revoked.set(ref.leaseToken, true);
      else dropHeld(held);
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
      return { wanted: leasesWanted(pool.slots, runner.countLongerThan(longRunMs), meanRunMs), held };
    },
    workers: () => pool.workers,
    counts() {
      const { waitingCount: waiting, runningCount: running } = book;
      return { waiting, running, reported: book.size - waiting - running };
    },
    async drain(signal) {
      isDraining = true;
      for (const held of book.waiting()) release(held);
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
