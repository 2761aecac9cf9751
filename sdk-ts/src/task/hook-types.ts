import type { TaskContext } from "./context.ts";

/** The lifecycle functions that may surround `run`, in the words of their options. */
export const hookNames = ["init", "onStart", "onSuccess", "onFailure", "onComplete", "cleanup"] as const;
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
  /** Aborts when the run is canceled; its reason names the cancel. */
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

/** A hook once its types have done their work. */
export type AnyHook = (...args: never[]) => unknown;
