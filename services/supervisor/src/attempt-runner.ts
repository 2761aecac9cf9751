import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import type { Clock, Logger, Telemetry } from "@windlass/chassis";
import {
  AttemptOutcome,
  type CancelLease,
  type FinishAttempt,
  type ResumeAttempt,
  type RunUpdate,
  type SuspendAttempt,
  type Wait,
  type WorkerMessage,
} from "@windlass/proto";
import { Attempt, type RecordEvent } from "./attempt.ts";
import { endAttemptSpan, startAttemptSpan } from "./attempt-span.ts";
import type { HeldLease } from "./lease-book.ts";
import { deadlockError, protocolViolationError, suspendLimitError } from "./run-errors.ts";
import {
  beginRunning,
  endWait,
  endWith,
  finishOf,
  isStopped,
  overdueEnd,
  type RunningAttempt,
  runMsOf,
  stopped,
} from "./running-attempt.ts";
import { startAttempt } from "./start-attempt.ts";
import type { SupervisorMetrics } from "./supervisor-metrics.ts";
import type { WakeUps } from "./wake-ups.ts";
import type { Worker, WorkerEnd } from "./worker.ts";

/** An attempt that is over. */
export interface EndedAttempt {
  readonly held: HeldLease;
  readonly worker: Worker;
  /** What is to be reported; undefined when the lease is not ours any more. */
  readonly finish: FinishAttempt | undefined;
  /** Without the time it waited. */
  readonly durationMs: number;
  /** The wait that it was in, if it was. */
  readonly waitId: string | undefined;
  /** The worker can have another attempt. */
  readonly isWorkerFree: boolean;
}

/** What the runner tells of attempts. */
export interface AttemptEvents {
  onEnded(ended: EndedAttempt): void;
  /** The task described its run anew. */
  onDescribed(held: HeldLease, update: RunUpdate): void;
  /** The attempt wants to wait; once that is stored, `suspend` is to be called. */
  onWaiting(held: HeldLease, suspend: SuspendAttempt): void;
  /** It waits now, and its worker can be stopped. */
  onSuspended(held: HeldLease, worker: Worker): void;
  /** Its wait is over. A lease that continues it is to follow. */
  onWaitOver(held: HeldLease, resume: ResumeAttempt): void;
}

/** The attempts that workers have: from hand-over to the moment from which nothing of them executes. */
export interface AttemptRunner {
  readonly count: number;
  begin(held: HeldLease, worker: Worker): void;
  onMessage(worker: Worker, message: WorkerMessage): void;
  onViolation(worker: Worker, violation: string): void;
  /** Whether it had an attempt. */
  onGone(worker: Worker, end: WorkerEnd): boolean;
  /** That it waits is stored: its worker has nothing to do until the wait is over. */
  suspend(held: HeldLease): void;
  /** It must not wait: these runs wait for each other, and the last for it. */
  endDeadlock(held: HeldLease, runIds: readonly string[]): void;
  /** That it waits, or waits no longer, cannot be stored. */
  endRefusedWait(held: HeldLease, why: string): void;
  /** The lease under which an attempt waits whose process is here. */
  findWaiting(runId: string, waitId: string): HeldLease | undefined;
  /** Whether its wait is over and a lease is to follow, under which it may already be stored. */
  isResuming(held: HeldLease): boolean;
  /** The attempt goes on under another lease; it still waits, for a slot. */
  continueUnder(held: HeldLease, next: HeldLease): void;
  workerOf(held: HeldLease): Worker | undefined;
  /** It has a slot: its worker, which runs again, is told that the wait is over. */
  resume(held: HeldLease): void;
  /** The store does not know this lease any more, which is so if the lease that follows is on its way. */
  doubt(held: HeldLease): void;
  /** Ends those that wait as LOST, and lets none wait from now on, because the supervisor leaves. */
  endWaiting(): void;
  /** Tells the worker; asking again changes nothing. */
  cancel(held: HeldLease, request: CancelLease): void;
  /** Ends the attempt of a lease that is not ours any more. */
  drop(held: HeldLease): void;
  /** Kills what should have ended by itself: after a cancel, or because it ran long enough. Resolves doubts. */
  enforceLimits(): void;
  /** Ends everything as LOST, because the supervisor stops. */
  endAll(): void;
  /** Looks into the workers' event loops. */
  pingAll(): void;
  /** How many have been under way for longer than this. */
  countLongerThan(ms: number): number;
}

/** A lease that was claimed and has not come after this long was lost on its way: the store takes it back after 10 s. */
const doubtLimitMs = 20_000;

export function createAttemptRunner(options: {
  recorder: (held: HeldLease) => RecordEvent;
  events: AttemptEvents;
  wakeUps: Pick<WakeUps, "watch">;
  /** How many attempts may wait at once. */
  maxSuspended: number;
  /** This supervisor's present id. */
  supervisorId: () => string;
  cancelLimitMs: number;
  metrics: SupervisorMetrics;
  telemetry: Telemetry;
  clock: Clock;
  logger: Logger;
}): AttemptRunner {
  const { recorder, events, wakeUps, maxSuspended, supervisorId, cancelLimitMs } = options;
  const { metrics, telemetry, clock, logger } = options;
  const byWorker = new Map<Worker, RunningAttempt>();
  let pings = 0n;
  let isLeaving = false;

  function begin(held: HeldLease, worker: Worker): void {
    const { lease, ref } = held;
    const attempt = new Attempt(lease, ref, clock.nowMs(), recorder(held));
    const span = startAttemptSpan(telemetry, lease, worker.id);
    byWorker.set(worker, beginRunning({ held, worker, attempt, span }, clock.monotonicMs()));
    if (worker.begin(attempt, startAttempt(lease, ref, worker.kind.machine, span.traceparent))) return;
    onViolation(worker, "it does not read what it is told");
    worker.kill();
  }

  function onMessage(worker: Worker, { body }: WorkerMessage): void {
    const running = byWorker.get(worker);
    if (body.case === "pong") {
      const isKnown = running?.isLagUnknown !== true;
      if (isKnown) metrics.loopLag(body.value.loopLag === undefined ? 0 : durationMs(body.value.loopLag));
      else running.isLagUnknown = false;
      return;
    }
    // Once it is decided how an attempt ends, its worker is only being waited for.
    if (running === undefined || running.pendingEnd !== undefined) return;
    const { attempt } = running;
    const nowMs = clock.nowMs();
    switch (body.case) {
      case "started":
        attempt.started(body.value, supervisorId(), worker, nowMs);
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
      case "describeRun":
        if (body.value.update !== undefined) events.onDescribed(running.held, body.value.update);
        break;
      case "suspend":
        if (body.value.wait !== undefined) beginWait(running, body.value.wait);
        break;
      case "attemptFinished": {
        const finish = attempt.endedByWorker(body.value, nowMs);
        // What a canceled, broken or timed out attempt may have left behind in its process must not execute once its end is
        // known (I5); a process that is stopped can take no other attempt, and one that was to be fresh gets none.
        const isSpent =
          body.value.discardWorker || attempt.isCancelDelivered || isStopped(running) || worker.kind.isFresh;
        const isWorkerDone = isSpent || finish.outcome === AttemptOutcome.TIMED_OUT;
        if (isWorkerDone) endWith(running, { kind: "finished", finish });
        else over(running, finish, true);
      }
    }
  }

  function beginWait(running: RunningAttempt, wait: Wait): void {
    if (isLeaving) {
      endWith(running, { kind: "ended", end: stopped() });
      return;
    }
    let waiting = 0;
    for (const { phase } of byWorker.values()) if (phase !== "running") waiting += 1;
    if (waiting >= maxSuspended) {
      const error = suspendLimitError(maxSuspended);
      endWith(running, { kind: "ended", end: { outcome: AttemptOutcome.FAILED, error, retry: "by-policy" } });
      return;
    }
    running.phase = "reporting";
    running.wait = wait;
    running.ranMs = runMsOf(running, clock.monotonicMs());
    running.runsSinceMs = undefined;
    events.onWaiting(running.held, running.attempt.suspended(wait, clock.nowMs()));
  }

  function wakeUp(running: RunningAttempt, wait: Wait): void {
    if (running.phase !== "suspended" || running.wait !== wait || running.pendingEnd !== undefined) return;
    running.phase = "resuming";
    const { held } = running;
    events.onWaitOver(held, { $typeName: "windlass.internal.v1.ResumeAttempt", ref: held.ref, waitId: wait.id });
  }

  function onViolation(worker: Worker, violation: string): void {
    logger.warn("a worker broke the protocol", { workerId: worker.id, violation });
    const running = byWorker.get(worker);
    if (running === undefined) return;
    const error = protocolViolationError(violation);
    endWith(running, { kind: "ended", end: { outcome: AttemptOutcome.CRASHED, error, retry: "by-policy" } });
  }

  function onGone(worker: Worker, end: WorkerEnd): boolean {
    const running = byWorker.get(worker);
    if (running === undefined) return false;
    over(running, finishOf(running, end, clock.nowMs()), false);
    return true;
  }

  function over(running: RunningAttempt, finish: FinishAttempt | undefined, isWorkerFree: boolean): void {
    const { held, worker, span } = running;
    byWorker.delete(worker);
    const durationMs = runMsOf(running, clock.monotonicMs());
    const waitId = running.wait?.id;
    running.unwatch?.();
    if (finish !== undefined) {
      endAttemptSpan(telemetry, span, finish);
      metrics.attemptEnded(finish.outcome, durationMs);
    }
    events.onEnded({ held, worker, finish, durationMs, waitId, isWorkerFree });
  }

  /** There are no more attempts than slots and suspended processes: looking through them costs less than keeping another index. */
  function find(held: HeldLease): RunningAttempt | undefined {
    for (const running of byWorker.values()) if (running.held === held) return running;
    return undefined;
  }

  return {
    get count() {
      return byWorker.size;
    },
    begin,
    onMessage,
    onViolation,
    onGone,
    suspend(held) {
      const running = find(held);
      const wait = running?.wait;
      if (running?.phase !== "reporting" || wait === undefined) return;
      if (running.pendingEnd !== undefined || running.attempt.isCancelDelivered) return;
      running.phase = "suspended";
      running.isLagUnknown = true;
      events.onSuspended(held, running.worker);
      running.unwatch = wakeUps.watch(held.ref.environmentId, wait, () => wakeUp(running, wait));
    },
    endDeadlock(held, runIds) {
      const running = find(held);
      if (running === undefined) return;
      const error = deadlockError(held.ref.runId, runIds);
      endWith(running, { kind: "ended", end: { outcome: AttemptOutcome.FAILED, error, retry: "never" } });
    },
    endRefusedWait(held, why) {
      const running = find(held);
      if (running === undefined) return;
      const error = protocolViolationError(`what it waits for cannot be stored (${why})`);
      endWith(running, { kind: "ended", end: { outcome: AttemptOutcome.CRASHED, error, retry: "by-policy" } });
    },
    findWaiting(runId, waitId) {
      for (const { held, wait } of byWorker.values()) {
        if (held.ref.runId === runId && wait?.id === waitId) return held;
      }
      return undefined;
    },
    isResuming: (held) => find(held)?.phase === "resuming",
    continueUnder(held, next) {
      const running = find(held);
      if (running === undefined) return;
      running.held = next;
      running.attempt.continueUnder(next.ref, recorder(next));
      running.phase = "continued";
      running.doubtDueMs = undefined;
      // It has ended meanwhile, and that can be said only under the lease that is valid.
      if (running.pendingEnd?.kind === "finished") running.pendingEnd.finish.ref = next.ref;
    },
    workerOf: (held) => find(held)?.worker,
    resume(held) {
      const running = find(held);
      const waitId = running?.wait?.id;
      if (running === undefined || waitId === undefined || running.pendingEnd !== undefined) return;
      endWait(running);
      running.runsSinceMs = clock.monotonicMs();
      running.attempt.resumed(waitId, clock.nowMs());
      const { runId } = held.ref;
      running.worker.send({
        case: "resume",
        value: { $typeName: "windlass.worker.v1.Resume", runId, waitId },
      });
    },
    doubt(held) {
      const running = find(held);
      if (running !== undefined) running.doubtDueMs ??= clock.monotonicMs() + doubtLimitMs;
    },
    endWaiting() {
      isLeaving = true;
      for (const running of byWorker.values()) {
        const isWaiting = running.phase !== "running" && !running.attempt.isCancelDelivered;
        if (isWaiting) endWith(running, { kind: "ended", end: stopped() });
      }
    },
    cancel(held, { reason }) {
      const running = find(held);
      if (running === undefined || running.attempt.isCancelDelivered || running.pendingEnd !== undefined) return;
      running.attempt.deliverCancel(reason, clock.nowMs());
      // A process that waits goes on just for its onCancel hooks, slot or not: they are few and bounded in time.
      endWait(running);
      running.worker.resume();
      running.cancelDueMs = clock.monotonicMs() + cancelLimitMs;
      const { runId } = held.ref;
      const timeLeft = durationFromMs(cancelLimitMs);
      running.worker.send({
        case: "cancel",
        value: { $typeName: "windlass.worker.v1.Cancel", runId, reason, timeLeft },
      });
    },
    drop(held) {
      const running = find(held);
      if (running === undefined) return;
      running.pendingEnd = { kind: "dropped" };
      running.worker.kill();
    },
    enforceLimits() {
      const nowMs = clock.monotonicMs();
      for (const running of byWorker.values()) {
        const end = overdueEnd(running, nowMs);
        if (end !== undefined) endWith(running, end);
      }
    },
    endAll() {
      for (const running of byWorker.values()) endWith(running, { kind: "ended", end: stopped() });
    },
    pingAll() {
      pings += 1n;
      for (const running of byWorker.values()) if (!isStopped(running)) running.worker.ping(pings);
    },
    countLongerThan(ms) {
      const nowMs = clock.monotonicMs();
      let count = 0;
      for (const running of byWorker.values()) if (!isStopped(running) && runMsOf(running, nowMs) > ms) count += 1;
      return count;
    },
  };
}
