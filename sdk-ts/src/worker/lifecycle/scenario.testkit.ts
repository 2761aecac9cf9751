import type { AnyHook, HookName } from "../../task/hook-types.ts";
import { AbortTaskRunError } from "../../task/abort-task-run-error.ts";
import type { RetryPolicy } from "../../task/retry-options.ts";
import { fakeContext } from "../../testing/fake-context.ts";
import { MaxDurationExceededError } from "./end-reason.ts";
import { Interruption } from "./interruption.ts";
import type { HookReport, HookScope, LifecycleOutcome } from "./lifecycle-attempt.ts";
import { Lifecycle } from "./lifecycle.ts";

/**
 * What a function of the user's does when it is called. "uncaught": something throws outside of it, and it never
 * settles. "cancel...": the run is canceled while it runs, and it then returns or throws. "hang": it never settles, until
 * the attempt's time is up.
 */
export const behaviours = ["return", "throw", "reject", "abort", "uncaught", "cancel", "cancel-throw", "hang"] as const;
export type Behaviour = (typeof behaviours)[number];

/** What an error handler that returns decides. */
export const decisions = ["nothing", "skip", "delay", "replace"] as const;
/** Where a middleware behaves as planned: before it calls next, after that, or instead. */
export const places = ["before", "after", "instead"] as const;

/** "none": run does not wait. "canceled": the run is canceled while it is suspended. */
export const waitEnds = ["none", "resumed", "canceled"] as const;

export interface HookPlan {
  readonly behaviour: Behaviour;
  readonly form: "object" | "positional";
  /** Of error handlers only. Default: nothing. */
  readonly decision?: (typeof decisions)[number];
  /** Of middleware only. Default: before. */
  readonly place?: (typeof places)[number];
}

/** An attempt as a test describes it. */
export interface Scenario {
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Whether an attempt before has called onComplete. */
  readonly isCompletionTold: boolean;
  readonly globals: Partial<Record<HookName, readonly HookPlan[]>>;
  readonly own: Partial<Record<HookName, HookPlan>>;
  readonly run: Behaviour;
  /** What becomes of the wait with which run begins. */
  readonly wait: (typeof waitEnds)[number];
  /** Whether the output can be encoded. */
  readonly isOutputValid: boolean;
}

/** One call that the engine made, with everything it handed over. */
export interface Call {
  readonly hook: HookName | "run";
  readonly scope: HookScope;
  readonly index: number;
  /** Positional: the arguments before the object. */
  readonly positional: readonly unknown[];
  readonly params: Readonly<Record<string, unknown>>;
}

export interface Played {
  readonly calls: Call[];
  readonly reports: Pick<HookReport, "hook" | "scope" | "name" | "outcome" | "error">[];
  readonly outcome: LifecycleOutcome<string>;
}

export const PAYLOAD = { from: "the trigger" };
export const OUTPUT = { from: "run" };
export const WAIT = { type: "duration", date: new Date(60_000) } as const;
export const CANCEL_REASON = new Error("canceled");
export const TIME_IS_UP = new MaxDurationExceededError(5);
export const ENCODING_ERROR = new Error("the output cannot be encoded");
export const REPLACEMENT = new Error("what a handler puts in the error's place");
export const DECIDED_DELAY_MS = 123;
export const RETRY: RetryPolicy = {
  maxAttempts: 3,
  factor: 2,
  minTimeoutInMs: 1_000,
  maxTimeoutInMs: 60_000,
  randomize: true,
};
export const RANDOM = 0.5;

export function thrownBy(hook: string, scope: HookScope, index: number, behaviour: Behaviour): unknown {
  const key = `${hook}/${scope}/${index}/${behaviour}`;
  const known = thrownValues.get(key);
  if (known !== undefined) return known;
  const value = behaviour === "abort" ? new AbortTaskRunError(key) : new Error(key);
  thrownValues.set(key, value);
  return value;
}

const thrownValues = new Map<string, unknown>();

export function initReturnedBy(scope: HookScope, index: number): Record<string, unknown> {
  return { [`${scope}${index}`]: true, last: `${scope}${index}` };
}

const DECISIONS = {
  nothing: undefined,
  skip: { skipRetrying: true },
  delay: { retryDelayInMs: DECIDED_DELAY_MS },
  replace: { error: REPLACEMENT },
} as const;

/** Plays a scenario with the engine. */
export async function play(scenario: Scenario): Promise<Played> {
  const calls: Call[] = [];
  const reports: Played["reports"] = [];
  const interruption = new Interruption();
  const end = new AbortController();

  const act = (behaviour: Behaviour, thrown: unknown, value: unknown): unknown => {
    switch (behaviour) {
      case "return":
        return value;
      case "throw":
        throw thrown;
      case "reject":
      case "abort":
        return Promise.reject(thrown);
      case "uncaught":
        queueMicrotask(() => interruption.raise(thrown));
        return new Promise(() => {});
      case "cancel":
        end.abort(CANCEL_REASON);
        return Promise.resolve(value);
      case "cancel-throw":
        end.abort(CANCEL_REASON);
        return Promise.reject(thrown);
      case "hang":
        queueMicrotask(() => {
          end.abort(TIME_IS_UP);
          interruption.giveUp("everything");
        });
        return new Promise(() => {});
    }
  };
  const returnedBy = (hook: HookName, scope: HookScope, index: number, plan: HookPlan): unknown => {
    if (hook === "init") return initReturnedBy(scope, index);
    if (hook === "handleError" || hook === "catchError") return DECISIONS[plan.decision ?? "nothing"];
    return "ignored by everybody";
  };
  const middleware = async (plan: HookPlan, next: () => Promise<void>, behave: () => unknown): Promise<void> => {
    if (plan.place === "after") await next();
    await behave();
    if (plan.place !== "after" && plan.place !== "instead") await next();
  };
  const hookOf = (hook: HookName, scope: HookScope, index: number, plan: HookPlan): AnyHook => {
    const called = (positional: unknown[], params: Record<string, unknown>): unknown => {
      calls.push({ hook, scope, index, positional, params });
      const thrown = thrownBy(hook, scope, index, plan.behaviour);
      const behave = () => act(plan.behaviour, thrown, returnedBy(hook, scope, index, plan));
      return hook === "middleware" ? middleware(plan, params["next"] as () => Promise<void>, behave) : behave();
    };
    if (plan.form === "object") return (params: Record<string, unknown>) => called([], params);
    if (takesThree.has(hook))
      return (a: unknown, b: unknown, params: Record<string, unknown>) => called([a, b], params);
    return (a: unknown, params: Record<string, unknown>) => called([a], params);
  };

  const lifecycle = new Lifecycle({
    task: {
      id: "the-task",
      run: async (payload: unknown, params: Record<string, unknown>) => {
        calls.push({ hook: "run", scope: "task", index: 0, positional: [payload], params });
        if (scenario.wait !== "none") await lifecycle.wait(WAIT);
        return act(scenario.run, thrownBy("run", "task", 0, scenario.run), OUTPUT);
      },
      hooks: Object.fromEntries(
        Object.entries(scenario.own).map(([hook, plan]) => [hook, hookOf(hook as HookName, "task", 0, plan)]),
      ),
      retry: RETRY,
      isRetryDisabledInDevelopment: false,
    },
    globalHooks: (hook) =>
      (scenario.globals[hook] ?? []).map((plan, index) => ({
        name: `${hook}-${index}`,
        fn: hookOf(hook, "global", index, plan),
      })),
    payload: PAYLOAD,
    ctx: fakeContext(scenario.attempt, scenario.maxAttempts),
    isCompletionTold: scenario.isCompletionTold,
    signal: end.signal,
    interruption,
    suspend: () => {
      if (scenario.wait === "resumed") return Promise.resolve();
      queueMicrotask(() => end.abort(CANCEL_REASON));
      return new Promise(() => {});
    },
    encodeOutput: (output) => {
      if (!scenario.isOutputValid) throw ENCODING_ERROR;
      return JSON.stringify(output);
    },
    report: ({ hook, scope, name, outcome, error }) =>
      reports.push({ hook, scope, name, outcome, ...(error === undefined ? {} : { error }) }),
    clock: { wallMs: () => 0, monotonicMs: () => 0 },
    random: () => RANDOM,
  });
  const outcome = await lifecycle.run();
  return { calls, reports, outcome };
}

const takesThree: ReadonlySet<HookName> = new Set([
  "onSuccess",
  "onFailure",
  "onComplete",
  "handleError",
  "catchError",
] as const);
