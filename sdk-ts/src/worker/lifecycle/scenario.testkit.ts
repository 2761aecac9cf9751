import type { TaskContext } from "../../task/context.ts";
import type { AnyHook, HookName } from "../../task/hook-types.ts";
import { AbortTaskRunError } from "../../task/abort-task-run-error.ts";
import { Interruption } from "./interruption.ts";
import type { HookReport, HookScope, LifecycleOutcome } from "./lifecycle-attempt.ts";
import { runLifecycle } from "./run-lifecycle.ts";

/**
 * What a function of the user's does when it is called. "uncaught": something throws outside of it, and it never
 * settles. "cancel...": the run is canceled while it runs, and it then returns or throws.
 */
export const behaviours = ["return", "throw", "reject", "abort", "uncaught", "cancel", "cancel-throw"] as const;
export type Behaviour = (typeof behaviours)[number];

export interface HookPlan {
  readonly behaviour: Behaviour;
  readonly form: "object" | "positional";
}

/** An attempt as a test describes it. */
export interface Scenario {
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly globals: Partial<Record<HookName, readonly HookPlan[]>>;
  readonly own: Partial<Record<HookName, HookPlan>>;
  readonly run: Behaviour;
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
export const CANCEL_REASON = new Error("canceled");

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

/** Plays a scenario with the engine. */
export async function play(scenario: Scenario): Promise<Played> {
  const calls: Call[] = [];
  const reports: Played["reports"] = [];
  const interruption = new Interruption();
  const cancellation = new AbortController();

  const act = (hook: HookName | "run", scope: HookScope, index: number, behaviour: Behaviour): unknown => {
    const thrown = thrownBy(hook, scope, index, behaviour);
    const value = hook === "run" ? OUTPUT : hook === "init" ? initReturnedBy(scope, index) : `ignored by everybody`;
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
        cancellation.abort(CANCEL_REASON);
        return Promise.resolve(value);
      case "cancel-throw":
        cancellation.abort(CANCEL_REASON);
        return Promise.reject(thrown);
    }
  };
  const hookOf = (hook: HookName, scope: HookScope, index: number, { behaviour, form }: HookPlan): AnyHook => {
    const called = (positional: unknown[], params: Record<string, unknown>): unknown => {
      calls.push({ hook, scope, index, positional, params });
      return act(hook, scope, index, behaviour);
    };
    const takesThree = hook === "onSuccess" || hook === "onFailure" || hook === "onComplete";
    if (form === "object") return (params: Record<string, unknown>) => called([], params);
    if (takesThree) return (a: unknown, b: unknown, params: Record<string, unknown>) => called([a, b], params);
    return (a: unknown, params: Record<string, unknown>) => called([a], params);
  };

  const outcome = await runLifecycle({
    task: {
      id: "the-task",
      run: (payload: unknown, params: Record<string, unknown>) => {
        calls.push({ hook: "run", scope: "task", index: 0, positional: [payload], params });
        return act("run", "task", 0, scenario.run);
      },
      hooks: Object.fromEntries(
        Object.entries(scenario.own).map(([hook, plan]) => [hook, hookOf(hook as HookName, "task", 0, plan)]),
      ),
    },
    globalHooks: (hook) =>
      (scenario.globals[hook] ?? []).map((plan, index) => ({
        name: `${hook}-${index}`,
        fn: hookOf(hook, "global", index, plan),
      })),
    payload: PAYLOAD,
    ctx: contextOf(scenario),
    signal: cancellation.signal,
    interruption,
    encodeOutput: (output) => {
      if (!scenario.isOutputValid) throw ENCODING_ERROR;
      return JSON.stringify(output);
    },
    report: ({ hook, scope, name, outcome, error }) =>
      reports.push({ hook, scope, name, outcome, ...(error === undefined ? {} : { error }) }),
    clock: { wallMs: () => 0, monotonicMs: () => 0 },
  });
  return { calls, reports, outcome };
}

export const ENCODING_ERROR = new Error("the output cannot be encoded");

function contextOf({ attempt, maxAttempts }: Pick<Scenario, "attempt" | "maxAttempts">): TaskContext {
  const now = new Date(0);
  return {
    task: { id: "the-task", filePath: "the-task.ts" },
    attempt: { number: attempt, startedAt: now },
    run: {
      id: "run_1",
      tags: [],
      isTest: false,
      isReplay: false,
      createdAt: now,
      startedAt: now,
      maxAttempts,
      priority: 0,
      version: "1",
    },
    queue: { id: "q", name: "q" },
    environment: { id: "env_1", slug: "dev", type: "DEVELOPMENT" },
    project: { id: "p", ref: "p" },
  };
}
