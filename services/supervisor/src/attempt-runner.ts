import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import type { Clock, Logger, OpenSpan, Telemetry } from "@windlass/chassis";
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
import { type AttemptEnd, classifyExit } from "./exit-policy.ts";
import type { HeldLease } from "./lease-book.ts";
import { protocolViolationError, supervisorStoppedError } from "./run-errors.ts";
import type { SupervisorMetrics } from "./supervisor-metrics.ts";
import type { Worker, WorkerEnd } from "./worker.ts";

/** An attempt that is over. */
export interface EndedAttempt {
  readonly held: HeldLease;
  readonly worker: Worker;
  /** What is to be reported; undefined when the lease is not ours any more. */
  readonly finish: FinishAttempt | undefined;
  readonly durationMs: number;
  /** The worker can have another attempt. */
  readonly isWorkerFree: boolean;
}

/** The attempts that workers have: from hand-over to the moment from which nothing of them executes. */
export interface AttemptRunner {
  readonly count: number;
  begin(held: HeldLease, worker: Worker): void;
  onMessage(worker: Worker, message: WorkerMessage): void;
  onViolation(worker: Worker, violation: string): void;
  /** Whether it had an attempt. */
  onGone(worker: Worker, end: WorkerEnd): boolean;
  /** Tells the worker; asking again changes nothing. */
  cancel(held: HeldLease, request: CancelLease): void;
  /** Ends the attempt of a lease that is not ours any more. */
  drop(held: HeldLease): void;
  /** Kills what should have ended by itself after a cancel. */
  forceDueCancels(): void;
  /** Ends everything as LOST, because the supervisor stops. */
  endAll(): void;
  /** Looks into the workers' event loops. */
  pingAll(): void;
  /** How many have been under way for longer than this. */
  countLongerThan(ms: number): number;
}

/** How a running attempt will have ended once its worker is gone. */
type PendingEnd =
  /** As the worker said, before it had to go: it is not reported before (I5). */
  | { readonly kind: "finished"; readonly finish: FinishAttempt }
  | { readonly kind: "ended"; readonly end: AttemptEnd }
  | { readonly kind: "cancel-forced" }
  | { readonly kind: "dropped" };

interface RunningAttempt {
  readonly held: HeldLease;
  readonly worker: Worker;
  readonly attempt: Attempt;
  readonly span: OpenSpan;
  /** By the monotonic clock, like all times here. */
  readonly begunMs: number;
  /** When its cancel has to have come to an end; undefined while none was delivered. */
  cancelDueMs: number | undefined;
  pendingEnd: PendingEnd | undefined;
}

export function createAttemptRunner(options: {
  recorder: (held: HeldLease) => RecordEvent;
  onEnded: (ended: EndedAttempt) => void;
  /** This supervisor's present id. */
  supervisorId: () => string;
  cancelLimitMs: number;
  metrics: SupervisorMetrics;
  telemetry: Telemetry;
  clock: Clock;
  logger: Logger;
}): AttemptRunner {
  const { recorder, onEnded, supervisorId, cancelLimitMs, metrics, telemetry, clock, logger } = options;
  const byWorker = new Map<Worker, RunningAttempt>();
  let pings = 0n;

  function begin(held: HeldLease, worker: Worker): void {
    const { lease, ref } = held;
    const attempt = new Attempt(lease, ref, clock.nowMs(), recorder(held));
    const span = startAttemptSpan(telemetry, lease, worker.id);
    const begunMs = clock.monotonicMs();
    byWorker.set(worker, { held, worker, attempt, span, begunMs, cancelDueMs: undefined, pendingEnd: undefined });
    if (worker.begin(attempt, startAttempt(lease, ref, span.traceparent))) return;
    onViolation(worker, "it does not read what it is told");
    worker.kill();
  }

  function onMessage(worker: Worker, { body }: WorkerMessage): void {
    if (body.case === "pong") {
      metrics.loopLag(body.value.loopLag === undefined ? 0 : durationMs(body.value.loopLag));
      return;
    }
    const running = byWorker.get(worker);
    // Once it is decided how an attempt ends, its worker is only being waited for.
    if (running === undefined || running.pendingEnd !== undefined) return;
    const { attempt } = running;
    const nowMs = clock.nowMs();
    switch (body.case) {
      case "started":
        attempt.started(body.value, supervisorId(), worker.id, nowMs);
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
        if (body.value.discardWorker || attempt.isCancelDelivered) endWith(running, { kind: "finished", finish });
        else over(running, finish, true);
      }
    }
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
    over(running, finishOf(running, end), false);
    return true;
  }

  /** How an attempt has ended whose worker is gone; undefined when nothing is to be said of it. */
  function finishOf({ attempt, worker, pendingEnd }: RunningAttempt, { exit }: WorkerEnd): FinishAttempt | undefined {
    const nowMs = clock.nowMs();
    switch (pendingEnd?.kind) {
      case "finished":
        return pendingEnd.finish;
      case "ended":
        return attempt.ended(pendingEnd.end, nowMs);
      case "cancel-forced":
        return attempt.canceled("force", attempt.cancelReason ?? "", nowMs);
      case "dropped":
        return undefined;
      case undefined:
        return attempt.ended(exit === undefined ? stopped() : classifyExit(exit, worker.machine), nowMs);
    }
  }

  /** Decides how a running attempt will have ended, and ends its worker; the first decision stands. */
  function endWith(running: RunningAttempt, pendingEnd: PendingEnd): void {
    running.pendingEnd ??= pendingEnd;
    running.worker.kill();
  }

  function over(running: RunningAttempt, finish: FinishAttempt | undefined, isWorkerFree: boolean): void {
    const { held, worker, span } = running;
    byWorker.delete(worker);
    const durationMs = clock.monotonicMs() - running.begunMs;
    if (finish !== undefined) {
      endAttemptSpan(telemetry, span, finish);
      metrics.attemptEnded(finish.outcome, durationMs);
    }
    onEnded({ held, worker, finish, durationMs, isWorkerFree });
  }

  /** There are no more attempts than slots: looking through them costs less than keeping another index. */
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
    cancel(held, { reason }) {
      const running = find(held);
      if (running === undefined || running.attempt.isCancelDelivered || running.pendingEnd !== undefined) return;
      running.attempt.deliverCancel(reason, clock.nowMs());
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
    forceDueCancels() {
      const nowMs = clock.monotonicMs();
      for (const running of byWorker.values()) {
        const { cancelDueMs } = running;
        if (cancelDueMs !== undefined && cancelDueMs <= nowMs) endWith(running, { kind: "cancel-forced" });
      }
    },
    endAll() {
      for (const running of byWorker.values()) endWith(running, { kind: "ended", end: stopped() });
    },
    pingAll() {
      pings += 1n;
      for (const worker of byWorker.keys()) worker.ping(pings);
    },
    countLongerThan(ms) {
      const beforeMs = clock.monotonicMs() - ms;
      let count = 0;
      for (const { begunMs } of byWorker.values()) if (begunMs < beforeMs) count += 1;
      return count;
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
