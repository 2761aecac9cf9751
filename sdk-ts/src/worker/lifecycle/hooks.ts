import type { AnyHook, HookName } from "../../task/hook-types.ts";
import { type Called, callReported, type NotReturned, type OutcomeOf, type Settled } from "./call-reported.ts";
import type { HookScope, LifecycleAttempt } from "./lifecycle-attempt.ts";

/** A hook, and where it was declared. */
export interface ScopedHook extends Called {
  readonly hook: HookName;
  readonly fn: AnyHook;
}

/** What a hook receives beside the payload. */
export interface HookArguments {
  /** In the positional form, between the payload and the object. */
  readonly positional?: readonly unknown[];
  /** In the object, beside payload, ctx, signal and task. */
  readonly fields: object;
}

/** The hooks of one attempt: finds them in their order, and calls them in the form in which they are written. */
export class Hooks {
  readonly #attempt: Omit<LifecycleAttempt<unknown>, "payload">;
  /** As the task's schema has parsed it. */
  payload: unknown;

  constructor(attempt: LifecycleAttempt<unknown>) {
    this.#attempt = attempt;
    this.payload = attempt.payload;
  }

  /** Global hooks in the order of registration, then the task's own. */
  of(hook: HookName): readonly ScopedHook[] {
    const globals = this.#attempt.globalHooks(hook);
    const own = this.#attempt.task.hooks[hook];
    if (globals.length === 0 && own === undefined) return NONE;
    const scoped: ScopedHook[] = globals.map(({ name, fn }) => ({ hook, scope: "global", name, fn }));
    if (own !== undefined) scoped.push({ hook, scope: "task", name: "", fn: own });
    return scoped;
  }

  /** Calls one hook, and reads what it returned: if that throws, the hook has thrown. Never throws. */
  call(
    { hook, scope, name, fn }: ScopedHook,
    args: HookArguments,
    outcomeOf: OutcomeOf,
    read?: (returned: unknown) => unknown,
  ): Promise<Settled> {
    const apply = () => this.#apply(fn, args);
    const call = read === undefined ? apply : async () => read(await apply());
    return callReported(this.#attempt, { hook, scope, name }, outcomeOf, call);
  }

  /**
   * Calls the hooks of a kind one after another, whatever they throw, as long as the attempt is wanted. Says why it
   * stopped when an uncaught exception has ended one of them, unless the attempt had failed before.
   */
  async callEach(
    kind: HookName,
    args: HookArguments,
    { hasFailed = false, onReturned }: EachOptions = {},
  ): Promise<NotReturned | undefined> {
    const outcomeOf = hasFailed ? ALWAYS_IGNORED : IGNORED_IF_THROWN;
    for (const hook of this.of(kind)) {
      if (this.#attempt.signal.aborted) return undefined;
      const settled = await this.call(hook, args, outcomeOf);
      if (settled.kind === "returned") onReturned?.(settled.value, hook.scope);
      else if (settled.kind === "uncaught" && !hasFailed) return settled;
    }
    return undefined;
  }

  /** A function with two or more declared parameters is called positionally, any other gets one object. */
  #apply(hook: AnyHook, { positional = [], fields }: HookArguments): unknown {
    const { ctx, signal, task } = this.#attempt;
    const fn = hook as (...args: unknown[]) => unknown;
    const params = { payload: this.payload, ctx, signal, task: task.id, ...fields };
    return fn.length >= 2 ? fn(this.payload, ...positional, params) : fn(params);
  }
}

interface EachOptions {
  /** The attempt had failed before these hooks. */
  readonly hasFailed?: boolean;
  readonly onReturned?: (returned: unknown, scope: HookScope) => void;
}

const NONE: readonly ScopedHook[] = [];
export const ALWAYS_FAILED: OutcomeOf = () => "failed";
export const ALWAYS_IGNORED: OutcomeOf = () => "ignored";
const IGNORED_IF_THROWN: OutcomeOf = ({ kind }) => (kind === "threw" ? "ignored" : "failed");
