import type { TaskContext } from "../../task/context.ts";
import type { GlobalHook } from "../../task/hook-registry.ts";
import type { AnyHook, HookName } from "../../task/hook-types.ts";
import type { Interruption } from "./interruption.ts";

/** Everything the lifecycle needs to know and do about one attempt; it touches nothing else. */
export interface LifecycleAttempt<Encoded> {
  readonly task: LifecycleTask;
  /** The global hooks of a kind as they are now: `run` may register more. */
  readonly globalHooks: (hook: HookName) => readonly GlobalHook[];
  /** Decoded, and checked. */
  readonly payload: unknown;
  readonly ctx: TaskContext;
  /** Aborted: the attempt is no longer wanted, and nothing but cleanup begins any more. */
  readonly signal: AbortSignal;
  readonly interruption: Interruption;
  /** Throws when the output cannot be stored. */
  readonly encodeOutput: (output: unknown) => Encoded;
  /** Called as each function settles, in that order. */
  readonly report: (report: HookReport) => void;
  readonly clock: LifecycleClock;
}

export interface LifecycleTask {
  readonly id: string;
  readonly run: AnyHook;
  readonly hooks: Partial<Record<HookName, AnyHook>>;
}

export interface LifecycleClock {
  wallMs(): number;
  monotonicMs(): number;
}

export type HookScope = "global" | "task";

/** What one function did. */
export interface HookReport {
  readonly hook: HookName | "run";
  readonly scope: HookScope;
  readonly name: string;
  /** "ignored": it threw, and the attempt went on. "failed": it threw, and that failed the attempt. */
  readonly outcome: "ok" | "ignored" | "failed";
  readonly startMs: number;
  readonly durationMs: number;
  /** Present unless it returned. Boxed, because undefined can be thrown too. */
  readonly error?: { readonly thrown: unknown };
}

/** How an attempt ended. */
export type LifecycleOutcome<Encoded> =
  | { readonly ok: true; readonly output: Encoded }
  | { readonly ok: false; readonly failure: LifecycleFailure };

export interface LifecycleFailure {
  readonly code: "TASK_ERROR" | "TASK_ABORTED" | "TASK_OUTPUT_ERROR" | "UNCAUGHT_EXCEPTION" | "CANCELED";
  /** Anything, null and undefined too. */
  readonly thrown: unknown;
  /** True when no next attempt is wanted. */
  readonly skipRetry: boolean;
}
