import type { Clock, Logger } from "@windlass/chassis";
import {
  ErrorReason,
  type LeaseRef,
  type ReportExecutionRequest,
  type ReportExecutionResponse,
  type WorkReport,
} from "@windlass/proto";
import { CallFailure, callFailureFromError, reasonName } from "@windlass/proto/grpc";
import type { ExecutionReports } from "./executor.ts";
import type { Gate } from "./gate.ts";
import { createReportBuffer, type TakenReport } from "./report-buffer.ts";
import { unstorableFinish } from "./unstorable-finish.ts";

/** Who hears what became of a report. */
export interface ReporterEvents {
  /** The end or return of this lease is stored. */
  onSettled(ref: LeaseRef): void;
  /** The lease was not ours any more; nothing said of it was stored. */
  onLost(ref: LeaseRef): void;
  /** The attempt is stored as waiting. */
  onSuspended(ref: LeaseRef): void;
  /** The attempt must not wait: these runs wait for each other, and the last for it. */
  onDeadlock(ref: LeaseRef, runIds: readonly string[]): void;
  /** That the attempt waits, or waits no longer, cannot be stored. */
  onWaitRefused(ref: LeaseRef, why: string): void;
  onExpired(why: string): void;
}

/** Brings what is to be said of leases to the run-store, in few messages and none too late. */
export interface Reporter extends ExecutionReports {
  /** Resolves when everything said so far is stored, or the signal aborts. */
  flushed(signal: AbortSignal): Promise<void>;
}

/** While so many reports are unanswered the next one gathers: smart batching, without a timer. */
const maxUnanswered = 2;
/** Beyond this workers are not listened to, and no work is taken, until half of it is stored (I10). */
const congestedBytes = 32 * 1024 * 1024;
const retryMs = { first: 50, max: 2_000 };

export function createReporter(options: {
  /** Membership.ask: rejects when the membership is over, and with it everything that was to be said. */
  ask: (body: ReportExecutionRequest["body"]) => Promise<ReportExecutionResponse>;
  events: ReporterEvents;
  /** Closed while congested. */
  gate: Gate;
  clock: Clock;
  logger: Logger;
}): Reporter {
  const { ask, events, gate, clock, logger } = options;
  const buffer = createReportBuffer(clock);
  const whenEmpty = new Set<() => void>();
  let unanswered = 0;
  let isScheduled = false;

  function schedule(): void {
    if (isScheduled || unanswered >= maxUnanswered || !buffer.isReady) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      while (unanswered < maxUnanswered) {
        const report = buffer.take();
        if (report === undefined) break;
        void send(report);
      }
    });
  }

  async function send(report: TakenReport): Promise<void> {
    unanswered += 1;
    await deliver(report.work);
    unanswered -= 1;
    buffer.answered(report);
    watchSize();
    if (whenEmpty.size > 0 && buffer.isEmpty) {
      for (const tell of whenEmpty) tell();
      whenEmpty.clear();
    }
    schedule();
  }

  /** Resolves when the report is stored, or cannot and need not be any more. Never rejects. */
  async function deliver(work: WorkReport): Promise<void> {
    for (let delayMs = retryMs.first; ; delayMs = Math.min(2 * delayMs, retryMs.max)) {
      let answer: ReportExecutionResponse;
      try {
        answer = await ask({ case: "work", value: work });
      } catch (error) {
        if (error instanceof CallFailure && error.reason === ErrorReason.FIELD_INVALID) {
          await deliverParts(work, error);
        } else {
          logger.debug("a report was given up with its membership", { error });
        }
        return;
      }
      if (answer.error === undefined) {
        stored(work, answer);
        return;
      }
      const failure = callFailureFromError(answer.error);
      const { reason, message } = failure;
      if (reason === ErrorReason.SUPERVISOR_EXPIRED) {
        events.onExpired(message);
        return;
      }
      if (reason === ErrorReason.FIELD_INVALID) {
        await deliverParts(work, failure);
        return;
      }
      logger.warn("a report was refused and is sent again", { reason: reasonName(reason), message });
      await clock.sleep(delayMs * (0.5 + Math.random() / 2));
    }
  }

  /**
   * Something in the report cannot be stored. That must not keep the rest from being stored, nor its own run from ending:
   * each item is sent alone; a finish that is refused alone is replaced by one that says so; other such items are given up.
   */
  async function deliverParts(work: WorkReport, refusal: CallFailure): Promise<void> {
    const parts = partsOf(work);
    if (parts.length > 1) {
      for (const part of parts) await deliver(part);
      return;
    }
    const [finish] = work.finished;
    logger.error("a report cannot be stored", { message: refusal.message, violations: refusal.violations });
    const replacement = finish === undefined ? undefined : unstorableFinish(finish, refusal.message);
    if (replacement !== undefined) {
      await deliver(workOf({ finished: [replacement] }));
      return;
    }
    const waits = [...work.suspended, ...work.resumed];
    for (const { ref } of waits) if (ref !== undefined) events.onWaitRefused(ref, refusal.message);
    if (waits.length === 0) stored(work, { lost: [], deadlocks: [] });
  }

  function stored(work: WorkReport, { lost, deadlocks }: Pick<ReportExecutionResponse, "lost" | "deadlocks">): void {
    for (const { ref } of work.finished) if (ref !== undefined) events.onSettled(ref);
    for (const ref of work.released) events.onSettled(ref);
    const deadlocked = deadlocks.map(({ ref }) => ref?.leaseToken);
    const unstoredTokens = new Set([...lost.map(({ leaseToken }) => leaseToken), ...deadlocked]);
    for (const { ref } of work.suspended) {
      if (ref !== undefined && !unstoredTokens.has(ref.leaseToken)) events.onSuspended(ref);
    }
    for (const { ref, runIds } of deadlocks) if (ref !== undefined) events.onDeadlock(ref, runIds);
    for (const ref of lost) events.onLost(ref);
  }

  function watchSize(): void {
    if (buffer.sizeBytes > congestedBytes) gate.close();
    else if (gate.isClosed && buffer.sizeBytes < congestedBytes / 2) gate.open();
  }

  return {
    get isCongested() {
      return gate.isClosed;
    },
    open: (ref) => buffer.open(ref),
    recorder: (entry) => (event, sizeBytes, isUrgent) => {
      buffer.addEvent(entry, event, sizeBytes, isUrgent);
      watchSize();
      schedule();
    },
    finish(entry, finish) {
      buffer.finish(entry, finish);
      watchSize();
      schedule();
    },
    release(entry) {
      buffer.release(entry);
      schedule();
    },
    describe(entry, update) {
      buffer.describe(entry, update);
      watchSize();
    },
    suspend(entry, suspend) {
      buffer.suspend(entry, suspend);
      schedule();
    },
    resume(entry, resume) {
      buffer.resume(entry, resume);
      schedule();
    },
    succeed: (entry, ref) => buffer.succeed(entry, ref),
    forget(entry) {
      buffer.forget(entry);
      watchSize();
    },
    flushHeld() {
      buffer.flushHeld();
      schedule();
    },
    async flushed(signal) {
      buffer.flush();
      schedule();
      if (buffer.isEmpty || signal.aborted) return;
      await new Promise<void>((resolve) => {
        whenEmpty.add(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    },
  };
}

function workOf(parts: Partial<WorkReport>): WorkReport {
  const none = { progress: [], finished: [], released: [], suspended: [], resumed: [] };
  return { ...none, ...parts, $typeName: "windlass.internal.v1.WorkReport" };
}

function partsOf({ progress, finished, released, suspended, resumed }: WorkReport): WorkReport[] {
  return [
    ...progress.map((item) => workOf({ progress: [item] })),
    ...finished.map((item) => workOf({ finished: [item] })),
    ...released.map((item) => workOf({ released: [item] })),
    ...suspended.map((item) => workOf({ suspended: [item] })),
    ...resumed.map((item) => workOf({ resumed: [item] })),
  ];
}
