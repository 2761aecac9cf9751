import type { AttemptWait } from "../../task/active-attempt.ts";
import { askErrorHandlers } from "./ask-error-handlers.ts";
import { callInterruptibly, callReported } from "./call-reported.ts";
import { CancelSequence } from "./cancel-sequence.ts";
import { endReason } from "./end-reason.ts";
import { failureOf } from "./failure.ts";
import { ALWAYS_FAILED, Hooks, type ScopedHook } from "./hooks.ts";
import { mergeInitData } from "./init-data.ts";
import type { LifecycleAttempt, LifecycleFailure, LifecycleOutcome } from "./lifecycle-attempt.ts";
import { passThroughMiddleware } from "./middleware-onion.ts";
import type { RetrySituation } from "./retry-decision.ts";
import { RunOutcome } from "./run-outcome.ts";
import { WaitSequence } from "./wait-sequence.ts";

/** A step says nothing when the next may follow, or why the attempt has failed. */
type Step = Promise<LifecycleFailure | undefined>;

/**
 * One attempt, from its payload to its outcome. It does no I/O and knows no globals: what it sees and does is in the
 * LifecycleAttempt it is made of.
 *
 *     payload -> middleware( init -> onStart (attempt 1) -> onStartAttempt -> run -> onSuccess -> onComplete -> cleanup )
 *                                                                               \
 *                   any failure -> handleError -> [run is over: onFailure -> onComplete] -> cleanup
 *
 * Global hooks run before the task's own of the same kind, in the order of registration; error handlers the other way
 * round. The first failure of an attempt stands. An exception that nobody awaited fails the attempt in whatever function
 * it interrupts. Once the signal is aborted nothing begins any more but onCancel, if it was a cancel, and cleanup.
 */
export class Lifecycle<Encoded> {
  readonly #attempt: LifecycleAttempt<Encoded>;
  readonly #hooks: Hooks;
  readonly #situation: Omit<RetrySituation, "nowMs">;
  readonly #runOutcome = new RunOutcome();
  readonly #waits: WaitSequence;
  readonly #cancel: CancelSequence;
  #init: unknown;
  #output: unknown;
  #encoded: { readonly output: Encoded } | undefined;
  #failure: LifecycleFailure | undefined;
  #hasCompleted: boolean;
  #cleanups: ScopedHook[] | undefined;

  constructor(attempt: LifecycleAttempt<Encoded>) {
    this.#attempt = attempt;
    this.#hooks = new Hooks(attempt);
    this.#situation = situationOf(attempt);
    this.#hasCompleted = attempt.isCompletionTold;
    const surroundings = { ...attempt, hooks: this.#hooks, runOutcome: this.#runOutcome, init: () => this.#init };
    this.#waits = new WaitSequence(surroundings);
    this.#cancel = new CancelSequence({
      ...surroundings,
      isSuspended: () => this.#waits.isSuspended,
      cleanUp: () => this.#callCleanups(),
    });
  }

  /** Never throws. Settles when the user's functions have settled, been interrupted, or been given up. */
  async run(): Promise<LifecycleOutcome<Encoded>> {
    this.#failure = await this.#parsePayload();
    if (this.#failure === undefined) {
      this.#cancel.arm();
      await passThroughMiddleware(this.#hooks.of("middleware"), {
        call: (layer, args) => this.#hooks.call(layer, args, ALWAYS_FAILED),
        inside: () => this.#passInside(),
        onFailure: (failure) => this.#conclude(failureOf(failure)),
        isWanted: () => this.#isWanted,
        isWaitedFor: () => !this.#attempt.interruption.areHooksGivenUp,
      });
      await this.#cancel.disarm();
    }
    return this.#outcome();
  }

  /** Suspends the attempt, between its onWait and its onResume hooks. See WaitSequence. */
  wait(wait: AttemptWait): Promise<void> {
    return this.#waits.wait(wait);
  }

  /** What the innermost middleware surrounds. */
  async #passInside(): Promise<void> {
    const failure =
      (await this.#initialize()) ??
      (await this.#start()) ??
      (await this.#startAttempt()) ??
      (await this.#execute()) ??
      this.#encodeOutput() ??
      (await this.#succeed()) ??
      (await this.#complete());
    await this.#conclude(failure);
  }

  /** How every attempt ends, well or badly; cleanup may still fail it. */
  async #conclude(failure: LifecycleFailure | undefined): Promise<void> {
    if (failure !== undefined) await this.#fail(failure);
    const cleanupFailure = await this.#cleanUp();
    if (cleanupFailure !== undefined) await this.#fail(cleanupFailure);
  }

  /** The first failure stands. Decides what follows it, and tells the hooks if the run is over. */
  async #fail(failure: LifecycleFailure): Promise<void> {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    if (!this.#isWanted) return;
    this.#failure = await askErrorHandlers(this.#hooks, failure, {
      situation: { ...this.#situation, nowMs: this.#attempt.clock.wallMs() },
      init: this.#init,
      isWanted: () => this.#isWanted,
    });
    const { thrown, skipRetry, code } = this.#failure;
    if (!skipRetry || code === "HANDLE_ERROR_ERROR") return;
    await this.#callEach("onFailure", { error: thrown }, [thrown]);
    await this.#complete();
  }

  async #parsePayload(): Step {
    const { task, payload } = this.#attempt;
    const parse = task.parsePayload;
    if (parse === undefined) return undefined;
    const settled = await callInterruptibly(this.#attempt, "parsePayload", () => parse(payload));
    if (settled.kind !== "returned") return { code: "TASK_INPUT_ERROR", thrown: settled.thrown, skipRetry: true };
    this.#hooks.payload = settled.value;
    return undefined;
  }

  async #initialize(): Step {
    const interrupted = await this.#hooks.callEach(
      "init",
      { fields: {} },
      {
        onReturned: (returned, scope) => {
          this.#init = mergeInitData(this.#init, returned, scope);
        },
      },
    );
    return interrupted && failureOf(interrupted);
  }

  async #start(): Step {
    return this.#situation.attemptNumber === 1 ? this.#callEach("onStart") : undefined;
  }

  #startAttempt(): Step {
    return this.#callEach("onStartAttempt");
  }

  async #execute(): Step {
    const { ctx, signal, task } = this.#attempt;
    if (!this.#isWanted) return { code: "CANCELED", thrown: signal.reason, skipRetry: true };
    const run = task.run as (payload: unknown, params: object) => unknown;
    this.#runOutcome.begin();
    const settled = await callReported(this.#attempt, RUN_ITSELF, ALWAYS_FAILED, () =>
      run(this.#hooks.payload, { ctx, init: this.#init, signal }),
    );
    this.#runOutcome.settle(settled);
    if (settled.kind !== "returned") return failureOf(settled);
    this.#output = settled.value;
    return undefined;
  }

  #encodeOutput(): LifecycleFailure | undefined {
    try {
      this.#encoded = { output: this.#attempt.encodeOutput(this.#output) };
      return undefined;
    } catch (thrown) {
      return { code: "TASK_OUTPUT_ERROR", thrown, skipRetry: false };
    }
  }

  #succeed(): Step {
    return this.#callEach("onSuccess", { output: this.#output }, [this.#output]);
  }

  /** At most once in a run: neither a failure that comes after it nor a later attempt calls it again. */
  async #complete(): Step {
    if (this.#hasCompleted) return undefined;
    this.#hasCompleted = true;
    if (this.#failure === undefined)
      return this.#callEach("onComplete", { result: { ok: true, data: this.#output } }, [this.#output]);
    return this.#callEach("onComplete", { result: { ok: false, error: this.#failure.thrown } }, [undefined]);
  }

  /** The onCancel hooks of a cancel that has come go first. */
  async #cleanUp(): Step {
    await this.#cancel.passed();
    return this.#callCleanups(() => this.#cancel.passed());
  }

  /** Each function once in an attempt, whatever the others do; the first error counts. */
  async #callCleanups(afterEach: () => Promise<void> = () => Promise.resolve()): Step {
    this.#cleanups ??= [...this.#hooks.of("cleanup")];
    let failure: LifecycleFailure | undefined;
    for (let hook = this.#cleanups.shift(); hook !== undefined; hook = this.#cleanups.shift()) {
      if (this.#attempt.interruption.areHooksGivenUp) break;
      const settled = await this.#hooks.call(hook, { fields: { init: this.#init } }, ALWAYS_FAILED);
      if (settled.kind !== "returned") failure ??= failureOf(settled);
      await afterEach();
    }
    return failure;
  }

  /** A canceled attempt whose run has returned keeps its output, whatever the hooks did. */
  #outcome(): LifecycleOutcome<Encoded> {
    const { signal } = this.#attempt;
    const code = endReason(signal);
    if (code === "CANCELED" && this.#encoded !== undefined) return { ok: true, ...this.#encoded };
    if (code !== undefined) return { ok: false, failure: { code, thrown: signal.reason, skipRetry: true } };
    // What neither failed nor was ended early has returned.
    return this.#failure === undefined ? { ok: true, ...this.#encoded! } : { ok: false, failure: this.#failure };
  }

  get #isWanted(): boolean {
    return !this.#attempt.signal.aborted;
  }

  async #callEach(
    hook: "onStart" | "onStartAttempt" | "onSuccess" | "onFailure" | "onComplete",
    fields: object = {},
    positional: readonly unknown[] = [],
  ): Step {
    const args = { positional, fields: { init: this.#init, ...fields } };
    const interrupted = await this.#hooks.callEach(hook, args, { hasFailed: this.#failure !== undefined });
    return interrupted && failureOf(interrupted);
  }
}

const RUN_ITSELF = { hook: "run", scope: "task", name: "" } as const;

/** Read as the attempt begins: the context belongs to the user's functions, which may change it. */
function situationOf({ task, ctx, random }: LifecycleAttempt<unknown>): Omit<RetrySituation, "nowMs"> {
  const isRepeated = !(task.isRetryDisabledInDevelopment && ctx.environment.type === "DEVELOPMENT");
  const policy = { ...task.retry, maxAttempts: isRepeated ? ctx.run.maxAttempts : 1 };
  return { policy, attemptNumber: ctx.attempt.number, random };
}
