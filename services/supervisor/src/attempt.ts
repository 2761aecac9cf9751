import { type Duration, type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type AttemptFinished,
  AttemptOutcome,
  CancelPhase,
  type Content,
  type FinishAttempt,
  type HookResult,
  type Lease,
  type LeaseRef,
  type Log,
  LogLevel,
  type RetryDecision,
  type RunError,
  RunErrorCode,
  type RunEvent,
  type Started,
  type SuspendAttempt,
  type Wait,
} from "@windlass/proto";
import type { ProcessExit } from "./driver/driver.ts";
import type { AttemptEnd } from "./exit-policy.ts";
import { LogAllowance } from "./log-allowance.ts";
import { canceledError, withHint } from "./run-errors.ts";
import type { JudgedAttempt } from "./session-rules.ts";
import {
  attemptLimits,
  boundFailureCode,
  boundHookNames,
  boundLogRecord,
  boundOutput,
  boundRunError,
  boundTime,
  runErrorBytes,
  withoutDetail,
} from "./worker-limits.ts";

/** Takes timeline entries as they come: about how large they are encoded, and whether somebody waits to see them. */
export type RecordEvent = (event: RunEvent, sizeBytes: number, isUrgent: boolean) => void;

/** A failed attempt's own wish for a next one is honored up to this long. */
const longestRetryDelaySeconds = 365n * 24n * 3_600n;

const eventBytes = 64;

/**
 * The books of one attempt: what its worker said, as timeline entries, and how it ended, as a FinishAttempt. It holds what
 * lifecycle.md says about outcomes and nothing of processes or streams. Messages are assumed to have been judged.
 */
export class Attempt implements JudgedAttempt {
  readonly lease: Lease;
  readonly runId: string;
  readonly attemptNumber: number;
  readonly hooks: HookResult[] = [];
  /** Set by `deliverCancel`: the reason given with the cancel. */
  cancelReason: string | undefined;
  isCancelAcknowledged = false;
  isSuspended = false;

  readonly #handedOverMs: number;
  #ref: LeaseRef;
  #record: RecordEvent;
  #startTime: Timestamp | undefined;
  #lastCancelHookEnd: Timestamp | undefined;
  #hookErrorBytes = 0;
  #logAllowance: LogAllowance | undefined;

  constructor(lease: Lease, ref: LeaseRef, handedOverMs: number, record: RecordEvent) {
    this.lease = lease;
    this.#ref = ref;
    this.runId = ref.runId;
    this.attemptNumber = lease.attemptNumber;
    this.#handedOverMs = handedOverMs;
    this.#record = record;
  }

  get hasStarted(): boolean {
    return this.#startTime !== undefined;
  }

  get isCancelDelivered(): boolean {
    return this.cancelReason !== undefined;
  }

  get hookCount(): number {
    return this.hooks.length;
  }

  get isFlooding(): boolean {
    return this.#logAllowance?.isExceeded === true;
  }

  started(
    message: Started,
    supervisorId: string,
    worker: { readonly id: string; readonly sandboxTier: string },
    nowMs: number,
  ): void {
    this.#startTime = boundTime(message.time, this.#handedOverMs, nowMs);
    this.#add(this.#startTime, {
      case: "attemptStarted",
      value: {
        $typeName: "windlass.v1.AttemptStarted",
        attemptNumber: this.attemptNumber,
        supervisorId,
        workerId: worker.id,
        sandboxTier: worker.sandboxTier,
      },
    });
  }

  hookSettled(message: HookResult, nowMs: number): void {
    const result = boundHookNames(message);
    result.startTime = boundTime(result.startTime, this.#handedOverMs, nowMs);
    const endTime = boundTime(later(result.startTime, result.duration), this.#handedOverMs, nowMs);
    if (result.error !== undefined) result.error = this.#boundHookError(result.error);
    if (result.hook === "onCancel") this.#lastCancelHookEnd = endTime;
    else if (result.hook !== "run") this.#cancelHooksDone();
    this.hooks.push(result);
    const sizeBytes = result.error === undefined ? 3 * eventBytes : 3 * eventBytes + runErrorBytes(result.error);
    this.#add(endTime, { case: "hookResult", value: result }, sizeBytes);
  }

  logged(message: Log, nowMs: number): void {
    if (message.record === undefined) return;
    const record = boundLogRecord(message.record, this.attemptNumber);
    const sizeBytes = record.message.length + record.attributesJson.length + eventBytes;
    this.#logAllowance ??= new LogAllowance(nowMs);
    const verdict = this.#logAllowance.take(sizeBytes, nowMs);
    if (verdict === "drop-and-say") this.#warn(timestampFromMs(nowMs), floodMessage);
    if (verdict !== "keep") return;
    this.#add(boundTime(message.time, this.#handedOverMs, nowMs), { case: "log", value: record }, sizeBytes);
  }

  /** The worker says that the attempt waits. */
  suspended(wait: Wait, nowMs: number): SuspendAttempt {
    this.isSuspended = true;
    const { attemptNumber } = this;
    const value = { $typeName: "windlass.v1.WaitStarted", wait, attemptNumber } as const;
    this.#add(timestampFromMs(nowMs), { case: "waitStarted", value }, eventBytes + waitBytes(wait));
    return { $typeName: "windlass.internal.v1.SuspendAttempt", ref: this.#ref, wait, events: [] };
  }

  /** From now on everything is said under this lease, which continues the attempt. */
  continueUnder(ref: LeaseRef, record: RecordEvent): void {
    this.#ref = ref;
    this.#record = record;
  }

  /** The worker is being told that the wait is over. */
  resumed(waitId: string, nowMs: number): void {
    this.isSuspended = false;
    const { attemptNumber } = this;
    const value = { $typeName: "windlass.v1.WaitEnded", waitId, attemptNumber } as const;
    this.#add(timestampFromMs(nowMs), { case: "waitEnded", value }, eventBytes, true);
  }

  /** The worker is being told of the cancel. */
  deliverCancel(reason: string, nowMs: number): void {
    this.cancelReason = reason;
    this.isSuspended = false;
    this.#cancelPhase(CancelPhase.DELIVERED, timestampFromMs(nowMs));
  }

  cancelAcknowledged(nowMs: number): void {
    this.isCancelAcknowledged = true;
    this.#cancelPhase(CancelPhase.ACKNOWLEDGED, timestampFromMs(nowMs));
  }

  /** The worker ended the attempt: as it says, unless it was being canceled. */
  endedByWorker(message: AttemptFinished, nowMs: number): FinishAttempt {
    const finishTime = boundTime(message.time, this.#handedOverMs, nowMs);
    const output = message.result.case === "output" ? message.result.value : undefined;
    if (message.result.case !== "failure" || message.result.value.error === undefined) {
      if (this.isCancelDelivered) return this.#canceled(CancelPhase.ENDED, finishTime, output);
      return this.#finish(AttemptOutcome.SUCCEEDED, finishTime, { output });
    }
    const error = boundRunError(message.result.value.error);
    error.code = this.#boundCode(error.code);
    withHint(error);
    if (this.isCancelDelivered) return this.#canceled(CancelPhase.ENDED, finishTime, undefined, error);
    const { skipRetry, retryDelay } = message.result.value;
    const outcome = outcomes.get(error.code) ?? AttemptOutcome.FAILED;
    if (outcome === AttemptOutcome.TIMED_OUT) return this.#finish(outcome, finishTime, { error });
    const retry = skipRetry || neverRetried.has(error.code) ? never : retryAfter(retryDelay);
    return this.#finish(outcome, finishTime, { error, retry });
  }

  /** Its process ended, or was ended: how, and what it wrote last. */
  processEnded(exit: ProcessExit, nowMs: number): void {
    const { output, omittedBytes } = boundOutput(exit.output);
    const value = {
      $typeName: "windlass.v1.ProcessEnded",
      attemptNumber: this.attemptNumber,
      ...(exit.exitCode !== undefined && { exitCode: exit.exitCode }),
      signal: exit.signal ?? "",
      output,
      omittedOutputBytes: BigInt((exit.omittedOutputBytes ?? 0) + omittedBytes),
    } as const;
    this.#add(timestampFromMs(nowMs), { case: "processEnded", value }, eventBytes + 3 * output.length);
  }

  /** The attempt ended without a word of the worker. A cancel that was on its way makes it canceled all the same. */
  ended(end: AttemptEnd, nowMs: number): FinishAttempt {
    const finishTime = timestampFromMs(nowMs);
    if (end.exit !== undefined) this.processEnded(end.exit, nowMs);
    if (this.isCancelDelivered) return this.#canceled(CancelPhase.ENDED, finishTime, undefined, end.error);
    if (end.outcome === AttemptOutcome.TIMED_OUT) return this.#finish(end.outcome, finishTime, { error: end.error });
    return this.#finish(end.outcome, finishTime, { error: end.error, retry: end.retry === "never" ? never : byPolicy });
  }

  /** Nothing of the run executes, and a cancel is why: it had not begun, or its process was killed. */
  canceled(by: "before-start" | "force", reason: string, nowMs: number): FinishAttempt {
    this.cancelReason = reason;
    return this.#canceled(by === "force" ? CancelPhase.FORCED : CancelPhase.ENDED, timestampFromMs(nowMs));
  }

  /** Only an attempt that has a maxDuration can exceed it. */
  #boundCode(code: RunErrorCode): RunErrorCode {
    const isLimited = this.lease.maxDurationSeconds > 0;
    return code === RunErrorCode.MAX_DURATION_EXCEEDED && !isLimited ? RunErrorCode.TASK_ERROR : boundFailureCode(code);
  }

  #canceled(
    phase: typeof CancelPhase.ENDED | typeof CancelPhase.FORCED,
    finishTime: Timestamp,
    output?: Content,
    thrown?: RunError,
  ): FinishAttempt {
    this.#cancelHooksDone();
    this.#cancelPhase(phase, finishTime);
    const outcome = phase === CancelPhase.FORCED ? AttemptOutcome.CANCEL_FORCED : AttemptOutcome.CANCELED;
    return this.#finish(outcome, finishTime, { output, error: canceledError(this.cancelReason ?? "", thrown) });
  }

  #finish(
    outcome: AttemptOutcome,
    finishTime: Timestamp,
    result: { output?: Content | undefined; error?: RunError; retry?: RetryDecision },
  ): FinishAttempt {
    const dropped = this.#logAllowance?.dropped ?? 0;
    if (dropped > 0) this.#warn(finishTime, `${dropped} log records of this attempt were dropped.`);
    return {
      $typeName: "windlass.internal.v1.FinishAttempt",
      ref: this.#ref,
      attemptNumber: this.attemptNumber,
      outcome,
      output: result.output,
      error: result.error,
      retry: result.retry,
      // A worker that is blocked, or dies, before it can say that it has started had the attempt from this moment on.
      startTime: this.#startTime ?? timestampFromMs(this.#handedOverMs),
      finishTime,
      hooks: this.hooks,
      events: [],
    };
  }

  #cancelHooksDone(): void {
    if (this.#lastCancelHookEnd === undefined) return;
    this.#cancelPhase(CancelPhase.HOOKS_DONE, this.#lastCancelHookEnd);
    this.#lastCancelHookEnd = undefined;
  }

  #cancelPhase(phase: CancelPhase, time: Timestamp): void {
    const value = { $typeName: "windlass.v1.CancelProgress", phase, reason: "" } as const;
    this.#add(time, { case: "cancelProgress", value }, eventBytes, true);
  }

  /** Something that the reader of the timeline has to know of it. */
  #warn(time: Timestamp, message: string): void {
    const value = { level: LogLevel.WARN, message, attributesJson: "", attemptNumber: this.attemptNumber } as const;
    this.#add(time, { case: "log", value: { $typeName: "windlass.v1.LogRecord", ...value } });
  }

  #boundHookError(error: RunError): RunError {
    let bounded = boundRunError(error);
    if (this.#hookErrorBytes + runErrorBytes(bounded) > attemptLimits.hookErrorBytes) bounded = withoutDetail(bounded);
    this.#hookErrorBytes += runErrorBytes(bounded);
    return bounded;
  }

  #add(time: Timestamp, body: RunEvent["body"], sizeBytes = eventBytes, isUrgent = false): void {
    this.#record({ $typeName: "windlass.v1.RunEvent", seq: 0n, time, body }, sizeBytes, isUrgent);
  }
}

const floodMessage =
  `Log records are dropped from here on: this attempt writes more than ${attemptLimits.logRecords} at once and ` +
  `${attemptLimits.logRecordsPerSecond} a second after that, or ${attemptLimits.logBytes / 1024 / 1024} MB and ` +
  `${attemptLimits.logBytesPerSecond / 1024} KB a second.`;

const neverRetried: ReadonlySet<RunErrorCode> = new Set<RunErrorCode>([
  RunErrorCode.TASK_ABORTED,
  RunErrorCode.TASK_INPUT_ERROR,
  RunErrorCode.TASK_IMPORT_ERROR,
  RunErrorCode.HANDLE_ERROR_ERROR,
]);

/** How an attempt ends that failed with such an error; with any other it is FAILED. */
const outcomes: ReadonlyMap<RunErrorCode, AttemptOutcome> = new Map<RunErrorCode, AttemptOutcome>([
  [RunErrorCode.TASK_IMPORT_ERROR, AttemptOutcome.LOST],
  [RunErrorCode.HANDLE_ERROR_ERROR, AttemptOutcome.CRASHED],
  [RunErrorCode.MAX_DURATION_EXCEEDED, AttemptOutcome.TIMED_OUT],
]);

const byPolicy: RetryDecision = {
  $typeName: "windlass.internal.v1.RetryDecision",
  decision: { case: "byPolicy", value: true },
};
const never: RetryDecision = {
  $typeName: "windlass.internal.v1.RetryDecision",
  decision: { case: "never", value: true },
};

function retryAfter(delay: Duration | undefined): RetryDecision {
  if (delay === undefined) return byPolicy;
  const { seconds } = delay;
  const isUsable = seconds >= 0n && seconds <= longestRetryDelaySeconds && delay.nanos >= 0 && delay.nanos < 1e9;
  if (!isUsable) return byPolicy;
  return { $typeName: "windlass.internal.v1.RetryDecision", decision: { case: "after", value: delay } };
}

/** An upper estimate of a wait's encoded size. */
function waitBytes({ kind }: Wait): number {
  if (kind.case !== "batch") return 2 * attemptLimits.idChars;
  return kind.value.runIds.reduce((bytes, runId) => bytes + runId.length * 3 + 2, 2 * attemptLimits.idChars);
}

function later(time: Timestamp, duration: Duration | undefined): Timestamp {
  if (duration === undefined) return time;
  const nanos = time.nanos + duration.nanos;
  const carry = nanos >= 1e9 ? 1 : 0;
  return {
    $typeName: "google.protobuf.Timestamp",
    seconds: time.seconds + duration.seconds + BigInt(carry),
    nanos: nanos - carry * 1e9,
  };
}
