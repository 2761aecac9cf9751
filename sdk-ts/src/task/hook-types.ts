import type { TaskContext } from "./context.ts";
import type { RetryOptions, RetryPolicy } from "./retry-options.ts";

/** The lifecycle functions that may surround `run`, in the words of their options. catchError is the newer name of handleError. */
export const hookNames = [
  "middleware",
  "init",
  "onStart",
  "onStartAttempt",
  "onWait",
  "onResume",
  "onSuccess",
  "onFailure",
  "onComplete",
  "onCancel",
  "handleError",
  "catchError",
  "cleanup",
] as const;
export type HookName = (typeof hookNames)[number];

type MaybePromise<T> = T | Promise<T>;

/** What `init` functions returned. Undefined when none returned anything. */
export type InitData = Record<string, unknown> | undefined;

/** How a run ended, as `onComplete` sees it. */
export type TaskResult<Output> =
  | { readonly ok: true; readonly data: Output }
  | { readonly ok: false; readonly error: unknown };

/** What every hook receives. */
export interface HookParams<Payload> {
  readonly payload: Payload;
  readonly ctx: TaskContext;
  /** Aborts when the run is canceled or has run too long; its reason says which. */
  readonly signal: AbortSignal;
  /** The task's id. */
  readonly task: string;
}

export interface StartParams<Payload, Init> extends HookParams<Payload> {
  readonly init: Init;
}

export interface SuccessParams<Payload, Output, Init> extends StartParams<Payload, Init> {
  readonly output: Output;
}

export interface FailureParams<Payload, Init> extends StartParams<Payload, Init> {
  /** Whatever was thrown, `null` and `undefined` included. */
  readonly error: unknown;
}

export interface CompleteParams<Payload, Output, Init> extends StartParams<Payload, Init> {
  readonly result: TaskResult<Output>;
}

export interface MiddlewareParams<Payload> extends HookParams<Payload> {
  /** Everything inside: further middleware, all hooks and `run`. To be called once, and awaited. Resolves also when the attempt fails. */
  readonly next: () => Promise<void>;
}

/** What a run waits for, as `onWait` and `onResume` see it. */
export type TaskWait =
  | { readonly type: "duration"; readonly date: Date }
  | { readonly type: "task"; readonly runId: string }
  | { readonly type: "batch"; readonly batchId: string; readonly runCount: number }
  | { readonly type: "token"; readonly token: string };

export interface WaitParams<Payload, Init> extends StartParams<Payload, Init> {
  readonly wait: TaskWait;
}

export interface CancelParams<Payload, Output, Init> extends StartParams<Payload, Init> {
  /** Settles as `run` does. */
  readonly runPromise: Promise<Output>;
}

export interface HandleErrorParams<Payload, Init> extends FailureParams<Payload, Init> {
  /** The retry options that hold for the run. */
  readonly retry: RetryPolicy;
  /** When the next attempt would begin; undefined when there would be none. */
  readonly retryAt: Date | undefined;
  /** The milliseconds until then; undefined when there would be no attempt. */
  readonly retryDelayInMs: number | undefined;
}

/**
 * What `handleError` may decide. `error` replaces the reported error; alone it leaves the decision as it is. No
 * decision allows more attempts than maxAttempts.
 */
export type HandleErrorDecision =
  | { readonly skipRetrying: boolean; readonly error?: unknown }
  | { readonly retryAt: Date; readonly error?: unknown }
  | { readonly retryDelayInMs: number; readonly error?: unknown }
  | { readonly retry: RetryOptions; readonly error?: unknown }
  | { readonly error: unknown };

/** What `run` receives beside the payload. */
export interface RunParams<Init> {
  readonly ctx: TaskContext;
  readonly init: Init;
  readonly signal: AbortSignal;
}

/*
 * A hook may be written in two forms: `({ payload, ctx }) => ...` and `(payload, { ctx }) => ...`. TypeScript types the
 * parameters of a function literal from a union only if the union offers exactly one signature for as many parameters
 * as the literal has. The three members below see to that:
 *  - for one parameter only ObjectForm offers one: PositionalForm has two that cannot be merged (one is generic), and
 *    TypeScript passes over such a member;
 *  - for two or more ObjectForm is too short, and of PositionalForm only the second is long enough;
 *  - PositionalTarget is never used for typing (again two that cannot be merged), but is what a positional literal is
 *    assignable to.
 */
type ObjectForm<Params, Result> = (params: Params) => Result;
interface PositionalForm<Args extends unknown[], Result> {
  <T>(only: T): T;
  (...args: Args): Result;
}
interface PositionalTarget<Args extends unknown[], Result> {
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- being generic is all it is for
  <_>(...args: Args): Result;
  (...args: Args): Result;
}
type Hook<Args extends unknown[], Params, Result> =
  | ObjectForm<Params, Result>
  | PositionalForm<[...Args, params: Params], Result>
  | PositionalTarget<[...Args, params: Params], Result>;

/** Before every attempt. Returned data reaches the other hooks and `run` as `init`. Errors are ignored. */
export type InitHook<Payload, Init> = Hook<[payload: Payload], HookParams<Payload>, MaybePromise<Init>>;
/** Once per run, before the first attempt's `run`. Errors are ignored. */
export type StartHook<Payload, Init> = Hook<[payload: Payload], StartParams<Payload, Init>, unknown>;
/** After an attempt succeeded. Errors are ignored. */
export type SuccessHook<Payload, Output, Init> = Hook<
  [payload: Payload, output: Output],
  SuccessParams<Payload, Output, Init>,
  unknown
>;
/** Once per run, when it failed and no attempt is left. Errors are ignored. */
export type FailureHook<Payload, Init> = Hook<
  [payload: Payload, error: unknown],
  FailureParams<Payload, Init>,
  unknown
>;
/** Once per run, when it is over, whether it succeeded or failed. Errors are ignored. */
export type CompleteHook<Payload, Output, Init> = Hook<
  [payload: Payload, output: Output | undefined],
  CompleteParams<Payload, Output, Init>,
  unknown
>;
/** After every attempt, whatever became of it. An error fails the attempt. */
export type CleanupHook<Payload, Init> = Hook<[payload: Payload], StartParams<Payload, Init>, unknown>;

/** Around everything else of every attempt, outermost first. An error, or a `next` that is never called, fails the attempt. */
export type MiddlewareHook<Payload> = Hook<[payload: Payload], MiddlewareParams<Payload>, unknown>;
/** Before every attempt's `run`. Errors are ignored. */
export type StartAttemptHook<Payload, Init> = Hook<[payload: Payload], StartParams<Payload, Init>, unknown>;
/** Before the run is suspended by a wait, and after it was resumed. Errors are ignored. */
export type WaitHook<Payload, Init> = Hook<[payload: Payload], WaitParams<Payload, Init>, unknown>;
/** When the run is canceled while it executes or waits; all together have 30 s. Errors are ignored. */
export type CancelHook<Payload, Output, Init> = Hook<[payload: Payload], CancelParams<Payload, Output, Init>, unknown>;
/** When an attempt failed: decides what follows. An error ends the run CRASHED. */
export type HandleErrorHook<Payload, Init> = Hook<
  [payload: Payload, error: unknown],
  HandleErrorParams<Payload, Init>,
  // oxlint-disable-next-line typescript/no-invalid-void-type -- a handler may return nothing at all
  MaybePromise<HandleErrorDecision | undefined | void>
>;

/** A hook once its types have done their work. */
export type AnyHook = (...args: never[]) => unknown;
