import type { AttemptWait } from "../../task/active-attempt.ts";
import type { TaskContext } from "../../task/context.ts";
import type { GlobalHook } from "../../task/hook-registry.ts";
import type { HookName } from "../../task/hook-types.ts";
import type { RegisteredTask } from "../../task/task-registry.ts";
import type { Interruption } from "./interruption.ts";

/** Everything the lifecycle needs to know and do about one attempt; it touches nothing else. */
export interface LifecycleAttempt<Encoded> {
  readonly task: LifecycleTask;
  /** The global hooks of a kind as they are now: `run` may register more. */
  readonly globalHooks: (hook: HookName) => readonly GlobalHook[];
  /** Decoded, not yet checked against the task's schema. */
  readonly payload: unknown;
  readonly ctx: TaskContext;
  /** An earlier attempt has called onComplete, and failed in cleanup after that. */
  readonly isCompletionTold: boolean;
  /** Aborted: the attempt is no longer wanted. A MaxDurationExceededError as reason: it ran too long; any other: it was canceled. */
  readonly signal: AbortSignal;
  readonly interruption: Interruption;
  /** Suspends the attempt; resolves when it is resumed. */
  readonly suspend: (wait: AttemptWait) => Promise<void>;
  /** Throws when the output cannot be stored. */
  readonly encodeOutput: (output: unknown) => Encoded;
  /** Called as each function settles, in that order. */
  readonly report: (report: HookReport) => void;
  readonly clock: LifecycleClock;
  /** From 0 to 1, as Math.random. */
  readonly random: () => number;
}

export type LifecycleTask = Pick<
  RegisteredTask,
  "id" | "run" | "hooks" | "retry" | "isRetryDisabledInDevelopment" | "parsePayload"
>;

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
  readonly code:
    | "TASK_ERROR"
    | "TASK_ABORTED"
    | "TASK_INPUT_ERROR"
    | "TASK_OUTPUT_ERROR"
    | "UNCAUGHT_EXCEPTION"
    | "HANDLE_ERROR_ERROR"
    | "MIDDLEWARE_NEXT_NOT_CALLED"
    | "MAX_DURATION_EXCEEDED"
    | "CANCELED";
  /** Anything, null and undefined too. */
  readonly thrown: unknown;
  /** True when no next attempt is wanted. */
  readonly skipRetry: boolean;
  /** Present when something else than the task's policy chose the delay before the next attempt. */
  readonly retryDelayMs?: number;
}
