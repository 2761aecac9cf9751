import { isAbortTaskRunError } from "../../task/abort-task-run-error.ts";
import type { AnyHook, HookName } from "../../task/hook-types.ts";
import { callReported, type Thrown } from "./hook-caller.ts";
import { mergeInitData } from "./init-data.ts";
import type { HookScope, LifecycleAttempt, LifecycleFailure, LifecycleOutcome } from "./lifecycle-attempt.ts";

/**
 * Runs one attempt from init to cleanup. It does no I/O and knows no globals: what it sees and does is in its argument.
 *
 *     init -> onStart (attempt 1) -> run -> onSuccess -> onComplete -> cleanup
 *                                     \ throws -> [run is over: onFailure -> onComplete] -> cleanup
 *
 * Global hooks run before the task's own of the same kind, in the order of registration. Errors in hooks are ignored,
 * but for cleanup, whose error fails the attempt. An exception that nobody awaited fails the attempt in whatever
 * function it interrupts. Once the signal is aborted nothing but cleanup begins any more.
 *
 * Never throws. Settles when the user's functions have settled or been interrupted.
 */
export function runLifecycle<Encoded>(attempt: LifecycleAttempt<Encoded>): Promise<LifecycleOutcome<Encoded>> {
  return new Lifecycle(attempt).run();
}

/** A step says nothing when the next may follow, or why the attempt has failed. */
type Step = Promise<LifecycleFailure | undefined>;

class Lifecycle<Encoded> {
  readonly #attempt: LifecycleAttempt<Encoded>;
  readonly #isFirstAttempt: boolean;
  readonly #isLastAttempt: boolean;
  #init: unknown;
  #output: unknown;
  #encoded: { readonly output: Encoded } | undefined;
  #failure: LifecycleFailure | undefined;
  #onCompleteCalled = false;

  constructor(attempt: LifecycleAttempt<Encoded>) {
    this.#attempt = attempt;
    // Read now: the context belongs to the user's functions, which may change it.
    this.#isFirstAttempt = attempt.ctx.attempt.number === 1;
    this.#isLastAttempt = attempt.ctx.attempt.number >= attempt.ctx.run.maxAttempts;
  }

  async run(): Promise<LifecycleOutcome<Encoded>> {
    this.#failure =
      (await this.#initialize()) ??
      (await this.#start()) ??
      (await this.#execute()) ??
      this.#encodeOutput() ??
      (await this.#succeed()) ??
      (await this.#complete());
    if (this.#failure !== undefined) await this.#fail();

    const cleanupFailure = await this.#cleanUp();
    if (this.#failure === undefined && !this.#attempt.signal.aborted) {
      this.#failure = cleanupFailure;
      if (this.#failure !== undefined) await this.#fail();
    }
    return this.#outcome();
  }

  #initialize(): Step {
    return this.#callEach("init", [], {}, (returned, scope) => {
      this.#init = mergeInitData(this.#init, returned, scope);
    });
  }

  async #start(): Step {
    return this.#isFirstAttempt ? this.#callEach("onStart", [], { init: this.#init }) : undefined;
  }

  async #execute(): Step {
    const { payload, ctx, signal, task } = this.#attempt;
    if (signal.aborted) return { code: "CANCELED", thrown: signal.reason, skipRetry: true };
    const run = task.run as (payload: unknown, params: object) => unknown;
    const settled = await callReported(this.#attempt, RUN_ITSELF, ALWAYS_FAILED, () =>
      run(payload, { ctx, init: this.#init, signal }),
    );
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
    return this.#callEach("onSuccess", [this.#output], { init: this.#init, output: this.#output });
  }

  /** Called at most once in an attempt: a cleanup that fails after it does not call it again. */
  async #complete(): Step {
    if (this.#onCompleteCalled) return undefined;
    this.#onCompleteCalled = true;
    if (this.#failure === undefined) {
      const result = { ok: true, data: this.#output };
      return this.#callEach("onComplete", [this.#output], { init: this.#init, result });
    }
    const result = { ok: false, error: this.#failure.thrown };
    return this.#callEach("onComplete", [undefined], { init: this.#init, result });
  }

  /** Tells the hooks of a failed run; an attempt that will be repeated tells nobody. */
  async #fail(): Promise<void> {
    if (!this.#isRunOver()) return;
    const error = this.#failure?.thrown;
    await this.#callEach("onFailure", [error], { init: this.#init, error });
    await this.#complete();
  }

  #isRunOver(): boolean {
    return this.#isLastAttempt || this.#failure?.skipRetry === true;
  }

  /** All cleanup functions run, whatever the others do; the first error counts. */
  async #cleanUp(): Step {
    let failure: LifecycleFailure | undefined;
    for (const { scope, name, fn } of this.#hooksOf("cleanup")) {
      const settled = await callReported(this.#attempt, { hook: "cleanup", scope, name }, ALWAYS_FAILED, () =>
        this.#apply(fn, [], { init: this.#init }),
      );
      if (settled.kind !== "returned") failure ??= failureOf(settled);
    }
    return failure;
  }

  /** A canceled attempt whose run has returned keeps its output, whatever the hooks did. */
  #outcome(): LifecycleOutcome<Encoded> {
    const { signal } = this.#attempt;
    if (this.#encoded !== undefined && (this.#failure === undefined || signal.aborted))
      return { ok: true, ...this.#encoded };
    const failure = this.#failure ?? { code: "CANCELED", thrown: signal.reason, skipRetry: true };
    return { ok: false, failure: signal.aborted ? { ...failure, code: "CANCELED", skipRetry: true } : failure };
  }

  /** Calls the hooks of a kind, whose errors are ignored. `positional` follows the payload, `fields` join the object. */
  async #callEach(
    hook: Exclude<HookName, "cleanup">,
    positional: readonly unknown[],
    fields: object,
    onReturned?: (returned: unknown, scope: HookScope) => void,
  ): Step {
    const hasFailed = this.#failure !== undefined;
    const outcomes = { threw: "ignored", interrupted: hasFailed ? "ignored" : "failed" } as const;
    for (const { scope, name, fn } of this.#hooksOf(hook)) {
      if (this.#attempt.signal.aborted) return undefined;
      const settled = await callReported(this.#attempt, { hook, scope, name }, outcomes, () =>
        this.#apply(fn, positional, fields),
      );
      if (settled.kind === "returned") onReturned?.(settled.value, scope);
      if (settled.kind === "interrupted" && !hasFailed) return failureOf(settled);
    }
    return undefined;
  }

  #hooksOf(hook: HookName): readonly ScopedHook[] {
    const globals = this.#attempt.globalHooks(hook);
    const own = this.#attempt.task.hooks[hook];
    if (globals.length === 0 && own === undefined) return NONE;
    const scoped: ScopedHook[] = globals.map(({ name, fn }) => ({ scope: "global", name, fn }));
    if (own !== undefined) scoped.push({ scope: "task", name: "", fn: own });
    return scoped;
  }

  /** A function with two or more declared parameters is called positionally, any other gets one object. */
  #apply(hook: AnyHook, positional: readonly unknown[], fields: object): unknown {
    const { payload, ctx, signal, task } = this.#attempt;
    const fn = hook as (...args: unknown[]) => unknown;
    const params = { payload, ctx, signal, task: task.id, ...fields };
    return fn.length >= 2 ? fn(payload, ...positional, params) : fn(params);
  }
}

interface ScopedHook {
  readonly scope: HookScope;
  readonly name: string;
  readonly fn: AnyHook;
}

const NONE: readonly ScopedHook[] = [];
const ALWAYS_FAILED = { threw: "failed", interrupted: "failed" } as const;
const RUN_ITSELF = { hook: "run", scope: "task", name: "" } as const;

function failureOf({ kind, thrown }: Thrown): LifecycleFailure {
  if (kind === "interrupted") return { code: "UNCAUGHT_EXCEPTION", thrown, skipRetry: false };
  return isAbortTaskRunError(thrown)
    ? { code: "TASK_ABORTED", thrown, skipRetry: true }
    : { code: "TASK_ERROR", thrown, skipRetry: false };
}
