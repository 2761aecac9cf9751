import type { MessageInitShape } from "@bufbuild/protobuf";
import { type AttemptFinishedSchema, RunErrorCode, type StartAttempt } from "@windlass/proto";
import { decodeContent, type EncodedContent, encodeContent } from "../content/json-content.ts";
import { MAX_OUTPUT_BYTES } from "../content/limits.ts";
import { activeAttempt } from "../task/active-attempt.ts";
import { globalHooks } from "../task/hook-registry.ts";
import { type RegisteredTask, taskRegistry } from "../task/task-registry.ts";
import { hookResultToProto } from "./hook-result.ts";
import { Interruption } from "./lifecycle/interruption.ts";
import type { HookReport, LifecycleOutcome } from "./lifecycle/lifecycle-attempt.ts";
import { runLifecycle } from "./lifecycle/run-lifecycle.ts";
import type { Outbox } from "./outbox.ts";
import { timestampFromMs } from "./protocol-time.ts";
import { MAX_RUN_ERROR_BYTES, serializeError } from "./serialize-error.ts";
import { taskContext } from "./task-context.ts";
import { sendLog } from "./task-log.ts";

/** How an attempt ended, and about how large that is. */
export interface AttemptEnd {
  readonly result: NonNullable<MessageInitShape<typeof AttemptFinishedSchema>["result"]>;
  readonly bytes: number;
}

/** One attempt in this process, from StartAttempt to what AttemptFinished says. */
export class Attempt {
  readonly runId: string;
  readonly #start: StartAttempt;
  readonly #outbox: Outbox;
  readonly #interruption = new Interruption();
  readonly #cancellation = new AbortController();

  constructor(start: StartAttempt, outbox: Outbox) {
    this.runId = start.runId;
    this.#start = start;
    this.#outbox = outbox;
  }

  /** Whether something of the attempt may still run in the process after its end: it was canceled, or something threw outside of it. */
  get isSuspect(): boolean {
    return this.#interruption.happened || this.#cancellation.signal.aborted;
  }

  /** An exception that nobody awaited. */
  interrupt(thrown: unknown): void {
    this.#interruption.raise(thrown);
  }

  cancel(reason: string): void {
    const message = reason === "" ? "the run was canceled" : `the run was canceled: ${reason}`;
    this.#cancellation.abort(new DOMException(message, "AbortError"));
  }

  /** Executes the attempt, telling the outbox of everything but its end, which is returned. Never throws. */
  async execute(): Promise<AttemptEnd> {
    const task = taskRegistry.get(this.#start.taskId);
    if (task === undefined) {
      const error = new Error(`this version has no task "${this.#start.taskId}"`);
      return failureEnd(error, RunErrorCode.TASK_IMPORT_ERROR, true);
    }
    let payload: unknown;
    try {
      payload = decodeContent(this.#start.payload);
    } catch (error) {
      return failureEnd(error, RunErrorCode.TASK_INPUT_ERROR, true);
    }
    this.#outbox.push({ case: "started", value: { runId: this.runId, time: timestampFromMs(Date.now()) } });
    const outcome = await this.#runUserCode(task, payload);
    if (outcome.ok) return { result: { case: "output", value: outcome.output }, bytes: outcome.output.data.length };
    const { code, thrown, skipRetry } = outcome.failure;
    return failureEnd(thrown, RunErrorCode[code], skipRetry);
  }

  async #runUserCode(task: RegisteredTask, payload: unknown): Promise<LifecycleOutcome<EncodedContent>> {
    globalHooks.beginAttempt();
    activeAttempt.current = {
      traceparent: this.#start.traceparent,
      log: (level, message, attributes) => sendLog(this.#outbox, level, message, attributes),
    };
    const outcome = await runLifecycle({
      task,
      globalHooks: (hook) => globalHooks.get(hook),
      payload,
      ctx: taskContext(this.#start, task),
      signal: this.#cancellation.signal,
      interruption: this.#interruption,
      encodeOutput: (output) => encodeContent("output", output, MAX_OUTPUT_BYTES),
      report: (report) => this.#report(report),
      clock: CLOCK,
    });
    activeAttempt.current = undefined;
    globalHooks.endAttempt();
    return outcome;
  }

  #report(report: HookReport): void {
    const value = hookResultToProto(report, this.#start.attemptNumber);
    this.#outbox.push({ case: "hookResult", value }, report.error === undefined ? 0 : MAX_RUN_ERROR_BYTES);
  }
}

function failureEnd(thrown: unknown, code: RunErrorCode, skipRetry: boolean): AttemptEnd {
  const value = { error: serializeError(thrown, code), skipRetry };
  return { result: { case: "failure", value }, bytes: MAX_RUN_ERROR_BYTES };
}

const CLOCK = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };
