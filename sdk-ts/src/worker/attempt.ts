import type { MessageInitShape } from "@bufbuild/protobuf";
import { type AttemptFinishedSchema, RunErrorCode, type StartAttempt } from "@windlass/proto";
import { decodeContent, type EncodedContent, encodeContent } from "../content/json-content.ts";
import { MAX_OUTPUT_BYTES } from "../content/limits.ts";
import { type ActiveAttempt, activeAttempt, type AttemptWait } from "../task/active-attempt.ts";
import type { TaskContext } from "../task/context.ts";
import { globalHooks } from "../task/hook-registry.ts";
import { type RegisteredTask, taskRegistry } from "../task/task-registry.ts";
import { AttemptState } from "./attempt-state.ts";
import { Description } from "./description.ts";
import { HookReports } from "./hook-reports.ts";
import { canceledReason, MaxDurationExceededError } from "./lifecycle/end-reason.ts";
import { Interruption } from "./lifecycle/interruption.ts";
import type { LifecycleFailure, LifecycleOutcome } from "./lifecycle/lifecycle-attempt.ts";
import { Lifecycle } from "./lifecycle/lifecycle.ts";
import { MaxDuration } from "./max-duration.ts";
import type { Outbox } from "./outbox.ts";
import { durationFromMs, msFromDuration, timestampFromMs } from "./protocol-time.ts";
import { MAX_RUN_ERROR_BYTES, serializeError } from "./serialize-error.ts";
import { Suspension } from "./suspension.ts";
import { taskContext } from "./task-context.ts";
import { sendLog } from "./task-log.ts";

/** How an attempt ended, and about how large that is. */
export interface AttemptEnd {
  readonly result: NonNullable<MessageInitShape<typeof AttemptFinishedSchema>["result"]>;
  readonly bytes: number;
}

/** What an attempt that has run too long may still take to end well. The supervisor waits longer before it kills. */
const GRACE_AFTER_MAX_DURATION_MS = 500;
/** What a canceled attempt needs to say how it ended, before its process is killed. */
const CANCEL_RESERVE_MS = 500;

/** One attempt in this process, from StartAttempt to what AttemptFinished says. */
export class Attempt {
  readonly runId: string;
  readonly #start: StartAttempt;
  readonly #outbox: Outbox;
  readonly #interruption = new Interruption();
  readonly #end = new AbortController();
  readonly #suspension: Suspension;
  readonly #description: Description;
  readonly #maxDuration: MaxDuration | undefined;
  #giveUpTimer: NodeJS.Timeout | undefined;

  constructor(start: StartAttempt, outbox: Outbox) {
    this.runId = start.runId;
    this.#start = start;
    this.#outbox = outbox;
    this.#suspension = new Suspension(start.runId, outbox);
    this.#description = new Description(start.runId, outbox);
    if (start.maxDuration !== undefined) this.#maxDuration = this.#limitTo(msFromDuration(start.maxDuration));
  }

  /** Whether something of the attempt may still run in the process after its end: it was ended early, or something threw outside of it. */
  get isSuspect(): boolean {
    return this.#interruption.happened || this.#end.signal.aborted;
  }

  /** An exception that nobody awaited. */
  interrupt(thrown: unknown): void {
    this.#interruption.raise(thrown);
  }

  /** Hooks are given up when no time is left. If `run` still runs then, the attempt does not end: its process is ended. */
  cancel(reason: string, timeLeftMs: number | undefined): void {
    if (this.#end.signal.aborted) return;
    this.#maxDuration?.pause();
    if (timeLeftMs !== undefined) this.#giveUpIn(Math.max(timeLeftMs - CANCEL_RESERVE_MS, timeLeftMs / 2), "hooks");
    this.#end.abort(canceledReason(reason));
  }

  /** The wait is over, or the message is late. */
  resume(waitId: string): void {
    if (!this.#end.signal.aborted) this.#suspension.resume(waitId);
  }

  /** Executes the attempt, telling the outbox of everything but its end, which is returned. Never throws. */
  async execute(): Promise<AttemptEnd> {
    const task = taskRegistry.get(this.#start.taskId);
    if (task === undefined) {
      const thrown = new Error(`this version has no task "${this.#start.taskId}"`);
      return failureEnd(RunErrorCode.TASK_IMPORT_ERROR, { thrown, skipRetry: true });
    }
    let payload: unknown;
    try {
      payload = decodeContent(this.#start.payload);
    } catch (thrown) {
      return failureEnd(RunErrorCode.TASK_INPUT_ERROR, { thrown, skipRetry: true });
    }
    this.#outbox.push({ case: "started", value: { runId: this.runId, time: timestampFromMs(Date.now()) } });
    this.#maxDuration?.resume();
    const outcome = await this.#runUserCode(task, payload);
    this.#maxDuration?.pause();
    clearTimeout(this.#giveUpTimer);
    if (outcome.ok) return { result: { case: "output", value: outcome.output }, bytes: outcome.output.data.length };
    return failureEnd(RunErrorCode[outcome.failure.code], outcome.failure);
  }

  async #runUserCode(task: RegisteredTask, payload: unknown): Promise<LifecycleOutcome<EncodedContent>> {
    const ctx = taskContext(this.#start, task);
    const hookReports = new HookReports(this.#start.attemptNumber, this.#outbox);
    const lifecycle = new Lifecycle({
      task,
      globalHooks: (hook) => globalHooks.get(hook),
      payload,
      ctx,
      isCompletionTold: this.#start.isCompletionTold,
      signal: this.#end.signal,
      interruption: this.#interruption,
      suspend: (wait) => this.#suspend(wait),
      encodeOutput: (output) => encodeContent("output", output, MAX_OUTPUT_BYTES),
      report: (report) => hookReports.send(report),
      clock: CLOCK,
      random: Math.random,
    });
    globalHooks.beginAttempt();
    const outcome = await activeAttempt.enter(this.#asSeenByTheSdk(ctx, lifecycle), () => lifecycle.run());
    globalHooks.endAttempt();
    this.#description.close();
    return outcome;
  }

  #asSeenByTheSdk(ctx: TaskContext, lifecycle: Lifecycle<EncodedContent>): ActiveAttempt {
    const states = new AttemptState();
    return {
      runId: this.runId,
      attemptNumber: this.#start.attemptNumber,
      ctx,
      startedAt: ctx.attempt.startedAt,
      initialMetadata: this.#start.run?.metadata,
      traceparent: this.#start.traceparent,
      signal: this.#end.signal,
      log: (level, message, attributes) => sendLog(this.#outbox, level, message, attributes),
      wait: (wait) => lifecycle.wait(wait),
      describe: (update) => this.#description.update(update),
      state: (key, create) => states.get(key, create),
    };
  }

  async #suspend(wait: AttemptWait): Promise<void> {
    this.#description.send();
    this.#maxDuration?.pause();
    await this.#suspension.begin(wait);
    if (!this.#end.signal.aborted) this.#maxDuration?.resume();
  }

  #limitTo(limitMs: number): MaxDuration {
    return new MaxDuration(limitMs, () => {
      this.#end.abort(new MaxDurationExceededError(limitMs / 1_000));
      this.#giveUpIn(GRACE_AFTER_MAX_DURATION_MS, "everything");
    });
  }

  #giveUpIn(ms: number, what: "hooks" | "everything"): void {
    this.#giveUpTimer = setTimeout(() => this.#interruption.giveUp(what), ms);
  }
}

function failureEnd(
  code: RunErrorCode,
  { thrown, skipRetry, retryDelayMs }: Pick<LifecycleFailure, "thrown" | "skipRetry" | "retryDelayMs">,
): AttemptEnd {
  const delay = retryDelayMs === undefined ? {} : { retryDelay: durationFromMs(retryDelayMs) };
  const value = { error: serializeError(thrown, code), skipRetry, ...delay };
  return { result: { case: "failure", value }, bytes: MAX_RUN_ERROR_BYTES };
}

const CLOCK = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };
