import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import type { Clock, Logger, Telemetry, Timer } from "@windlass/chassis";
import {
  AttemptOutcome,
  type CancelLease,
  type FinishAttempt,
  type Lease,
  type LeaseRef,
  type SupervisorMessage,
  type WorkerMessage,
} from "@windlass/proto";
import { Attempt, type RecordEvent } from "./attempt.ts";
import { endAttemptSpan, startAttemptSpan } from "./attempt-span.ts";
import { leasesPerWorker, nextMeanRunMs, shouldRelease } from "./credit-policy.ts";
import { type AttemptEnd, classifyExit } from "./exit-policy.ts";
import { createLeaseBook, type HeldLease, type PendingEnd } from "./lease-book.ts";
import { createRecentMap } from "./recent-map.ts";
import type { ReportEntry } from "./report-buffer.ts";
import { protocolViolationError, supervisorStoppedError, taskMissingError } from "./run-errors.ts";
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
  /** Looks into the event loops of the workers that execute something. */
  pingBusyWorkers(): void;
  /** Takes nothing new, gives back what has not begun, and resolves when the rest has ended or the signal aborts. */
  drain(signal: AbortSignal): Promise<void>;
  /** Ends what still runs as LOST, and every worker. */
  stop(): Promise<void>;
}

/** One timer for everything that is due by the clock; it runs only while a lease is held. */
const sweepMs = 50;
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
  const { reports, onCapacity, cancelLimitMs, metrics, telemetry, clock, logger } = options;
  const book = createLeaseBook();
  const byWorker = new Map<Worker, HeldLease>();
  /** Cancels that came before their lease. */
  const earlyCancels = createRecentMap<CancelLease>(rememberedCancels);
  const revoked = createRecentMap<true>(rememberedRevocations);
  const idle = new Set<() => void>();
  const pool = options.createPool({ onReady: rearrange, onMessage, onViolation, onGone });
  let meanRunMs: number | undefined;
  let lastEndMs = 0;
  let isDraining = false;
  let sweepTimer: Timer | undefined;
  let pings = 0n;

  // --- leases to workers

  function receive(lease: Lease): void {
    const { ref } = lease;
    if (ref === undefined || lease.run === undefined) {
      logger.error("a lease without run or ref was dropped", { lease });
      return;
    }
    if (revoked.take(ref.leaseToken) !== undefined || book.get(ref.leaseToken) !== undefined) return;
    const held: HeldLease = {
      lease,
      ref,
      receivedMs: clock.monotonicMs(),
      report: reports.open(ref),
      state: "waiting",
      attempt: undefined,
      worker: undefined,
      span: undefined,
      begunMs: 0,
      cancelDueMs: undefined,
      pendingEnd: undefined,
    };
    book.add(held);
    const cancel = earlyCancels.take(ref.leaseToken);
    if (cancel !== undefined) cancelHeld(held, cancel);
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
      if (worker.hasTask(held.lease.run?.taskId ?? "")) {
        begin(held, worker);
        continue;
      }
      pool.giveBack(worker);
      const error = taskMissingError(held.lease.run?.taskId ?? "");
      endUnstarted(held, { outcome: AttemptOutcome.LOST, error, retry: "never" });
    }
  }

  function begin(held: HeldLease, worker: Worker): void {
    const { lease, ref } = held;
    const attempt = new Attempt(lease, ref, clock.nowMs(), reports.recorder(held.report));
    held.attempt = attempt;
    held.worker = worker;
    held.span = startAttemptSpan(telemetry, lease, worker.id);
    held.begunMs = clock.monotonicMs();
    book.move(held, "running");
    byWorker.set(worker, held);
    if (!worker.begin(attempt, startAttempt(lease, ref, held.span.traceparent))) {
      onViolation(worker, "it does not read what it is told");
      worker.kill();
    }
  }

  function release(held: HeldLease): void {
    book.move(held, "reported");
    reports.release(held.report);
  }

  function endUnstarted(held: HeldLease, end: AttemptEnd): void {
    const attempt = new Attempt(held.lease, held.ref, clock.nowMs(), reports.recorder(held.report));
    report(held, attempt.ended(end, clock.nowMs()));
  }

  // --- what workers say

  function onMessage(worker: Worker, { body }: WorkerMessage): void {
    if (body.case === "pong") {
      metrics.loopLag(body.value.loopLag === undefined ? 0 : durationMs(body.value.loopLag));
      return;
    }
    const held = byWorker.get(worker);
    const attempt = held?.attempt;
    // Once it has been decided how an attempt ends, its worker is only being waited for.
    if (held === undefined || attempt === undefined || held.pendingEnd !== undefined) return;
    const nowMs = clock.nowMs();
    switch (body.case) {
      case "started":
        attempt.started(body.value, options.supervisorId(), worker.id, nowMs);
        break;
      case "hookResult":
        attempt.hookSettled(body.value, nowMs);
        break;
      case "log":
        attempt.logged(body.value, nowMs);
        break;
      case "cancelAck":
        attempt.cancelAcknowledged(nowMs);
        break;
      case "attemptFinished": {
        const finish = attempt.endedByWorker(body.value, nowMs);
        // What a canceled or broken attempt may have left behind in its process must not execute once its end is known (I5).
        if (body.value.discardWorker || attempt.isCancelDelivered) endWith(held, { kind: "finished", finish });
        else succeedWorker(held, worker, finish);
        break;
      }
    }
  }

  /** The worker is free for the next attempt. */
  function succeedWorker(held: HeldLease, worker: Worker, finish: FinishAttempt): void {
    byWorker.delete(worker);
    lastEndMs = clock.monotonicMs();
    meanRunMs = nextMeanRunMs(meanRunMs, lastEndMs - held.begunMs);
    report(held, finish);
    pool.giveBack(worker);
    if (worker.state === "idle") assign();
    else pool.adjust(book.demands(clock.monotonicMs()));
    onCapacity();
    tellIfIdle();
  }

  function onViolation(worker: Worker, violation: string): void {
    logger.warn("a worker broke the protocol", { workerId: worker.id, violation });
    const held = byWorker.get(worker);
    if (held === undefined) return;
    const error = protocolViolationError(violation);
    endWith(held, { kind: "ended", end: { outcome: AttemptOutcome.CRASHED, error, retry: "by-policy" } });
  }

  function onGone(worker: Worker, end: WorkerEnd): void {
    const held = byWorker.get(worker);
    if (byWorker.delete(worker)) lastEndMs = clock.monotonicMs();
    if (held?.attempt !== undefined) {
      const finish = finishOf(held, held.attempt, worker, end);
      if (finish !== undefined) report(held, finish);
    } else if (end.startFailure !== undefined && pool.recentFailure(worker.bundleHash) !== undefined) {
      for (const waiting of book.waiting()) {
        if (waiting.lease.bundleHash === worker.bundleHash) endUnstarted(waiting, end.startFailure);
      }
    }
    rearrange();
    tellIfIdle();
  }

  /** How an attempt has ended whose worker is gone; undefined when nothing is to be said of it. */
  function finishOf(held: HeldLease, attempt: Attempt, worker: Worker, end: WorkerEnd): FinishAttempt | undefined {
    const nowMs = clock.nowMs();
    const pending = held.pendingEnd;
    switch (pending?.kind) {
      case "finished":
        return pending.finish;
      case "ended":
        return attempt.ended(pending.end, nowMs);
      case "cancel-forced":
        return attempt.canceled("force", attempt.cancelReason ?? "", nowMs);
      case "dropped":
        return undefined;
      case undefined:
        return attempt.ended(end.exit === undefined ? stopped() : classifyExit(end.exit, worker.machine), nowMs);
    }
  }

  /** Decides how a running attempt will have ended, and ends its worker; the first decision stands. */
  function endWith(held: HeldLease, pendingEnd: PendingEnd): void {
    held.pendingEnd ??= pendingEnd;
    held.worker?.kill();
  }

  function report(held: HeldLease, finish: FinishAttempt): void {
    book.move(held, "reported");
    reports.finish(held.report, finish);
    if (held.span === undefined) return;
    endAttemptSpan(telemetry, held.span, finish);
    metrics.attemptEnded(finish.outcome, clock.monotonicMs() - held.begunMs);
  }

  // --- cancels and lost leases

  function cancelHeld(held: HeldLease, { reason }: CancelLease): void {
    const nowMs = clock.nowMs();
    if (held.state === "waiting") {
      const attempt = new Attempt(held.lease, held.ref, nowMs, reports.recorder(held.report));
      report(held, attempt.canceled("before-start", reason, nowMs));
      return;
    }
    const { attempt, worker } = held;
    if (attempt === undefined || worker === undefined || held.state !== "running") return;
    if (attempt.isCancelDelivered || held.pendingEnd !== undefined) return;
    attempt.deliverCancel(reason, nowMs);
    held.cancelDueMs = clock.monotonicMs() + cancelLimitMs;
    worker.send({
      case: "cancel",
      value: {
        $typeName: "windlass.worker.v1.Cancel",
        runId: held.ref.runId,
        reason,
        timeLeft: durationFromMs(cancelLimitMs),
      },
    });
  }

  function dropHeld(held: HeldLease): void {
    const wasRunning = held.state === "running";
    reports.forget(held.report);
    book.remove(held);
    if (!wasRunning) return;
    held.pendingEnd = { kind: "dropped" };
    held.worker?.kill();
  }

  // --- time

  function sweep(): void {
    sweepTimer = undefined;
    const nowMs = clock.monotonicMs();
    reports.flushHeld();
    for (const held of byWorker.values()) {
      if (held.cancelDueMs !== undefined && held.cancelDueMs <= nowMs) endWith(held, { kind: "cancel-forced" });
    }
    for (const held of book.waiting()) {
      const isWorkerStarting = pool.isStarting(held.lease.bundleHash);
      const waitedMs = nowMs - held.receivedMs;
      if (shouldRelease({ waitedMs, sinceLastEndMs: nowMs - lastEndMs, isWorkerStarting })) release(held);
    }
    rearrange();
    keepSweeping();
  }

  function keepSweeping(): void {
    if (book.size > 0) sweepTimer ??= clock.setTimeout(sweep, sweepMs);
  }

  function tellIfIdle(): void {
    if (byWorker.size > 0) return;
    for (const tell of idle) tell();
    idle.clear();
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
      else cancelHeld(held, request);
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
      const nowMs = clock.monotonicMs();
      let wanted = Math.max(0, pool.slots - byWorker.size) * leasesPerWorker(meanRunMs, 0);
      for (const { begunMs } of byWorker.values()) wanted += leasesPerWorker(meanRunMs, nowMs - begunMs);
      return { wanted, held };
    },
    workers: () => pool.workers,
    counts() {
      const { waitingCount: waiting, runningCount: running } = book;
      return { waiting, running, reported: book.size - waiting - running };
    },
    pingBusyWorkers() {
      pings += 1n;
      for (const worker of byWorker.keys()) worker.ping(pings);
    },
    async drain(signal) {
      isDraining = true;
      for (const held of book.waiting()) release(held);
      onCapacity();
      if (byWorker.size === 0 || signal.aborted) return;
      await new Promise<void>((resolve) => {
        idle.add(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    },
    async stop() {
      isDraining = true;
      for (const held of book.waiting()) release(held);
      for (const held of byWorker.values()) endWith(held, { kind: "ended", end: stopped() });
      await pool.stop();
      sweepTimer?.cancel();
    },
  };
}

function stopped(): AttemptEnd {
  return { outcome: AttemptOutcome.LOST, error: supervisorStoppedError(), retry: "by-policy" };
}

/** The run's payload travels beside it: what the task is given as context does not carry it a second time. */
function startAttempt(lease: Lease, ref: LeaseRef, traceparent: string): SupervisorMessage["body"] {
  const { run } = lease;
  const payload = run?.payload;
  if (run !== undefined) run.payload = undefined;
  return {
    case: "startAttempt",
    value: {
      $typeName: "windlass.worker.v1.StartAttempt",
      runId: ref.runId,
      attemptNumber: lease.attemptNumber,
      taskId: run?.taskId ?? "",
      payload,
      run,
      environment: lease.environment,
      deploymentId: lease.deploymentId,
      traceparent,
    },
  };
}
