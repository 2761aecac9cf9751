import type {
  CancelHook,
  CleanupHook,
  CompleteHook,
  FailureHook,
  HandleErrorHook,
  InitHook,
  MiddlewareHook,
  RunParams,
  StartAttemptHook,
  StartHook,
  SuccessHook,
  WaitHook,
} from "./hook-types.ts";
import type { Isolation } from "./isolation.ts";
import type { MachineOption } from "./machine.ts";
import type { JsonSchema } from "./payload-schema.ts";
import type { QueueOption } from "./queue.ts";
import type { RetryOptions } from "./retry-options.ts";

/**
 * What `task()` takes.
 *
 * Payload, Output and Init come from `run` and `init`. The hooks have type parameters of their own (HookPayload ...),
 * which default to those: TypeScript settles a type parameter at the first function that needs it, so a hook written
 * above `run` would otherwise settle the payload before `run` has named it.
 */
export interface TaskOptions<Id extends string, Payload, Output, Init, HookPayload, HookOutput, HookInit> {
  /** Unique in the project: 1 to 256 characters, no control characters. */
  readonly id: Id;
  /** For people; at most 1,000 characters. */
  readonly description?: string | undefined;
  /** Over the project's `retries.default`, field by field. */
  readonly retry?: RetryOptions | undefined;
  /** The queue its runs wait in. Default: one of its own, "task/<id>"; without a name it sets the limit of that one. */
  readonly queue?: QueueOption | undefined;
  /** What its process may use. Default: the project's, else "small-1x". */
  readonly machine?: MachineOption | undefined;
  /** "fresh": each attempt gets a process of its own, which ends with it. Default: "reused". */
  readonly isolation?: Isolation | undefined;
  /**
   * What a payload looks like, as JSON Schema (draft 2020-12 or draft-07) of at most 64 KB: for the dashboard's test page and whoever reads the task's
   * definition. No payload is checked by it; `schemaTask` does that. Default: made from the `schema` of a schemaTask; a scheduled task has none.
   */
  readonly jsonSchema?: JsonSchema | undefined;
  /** Seconds that an attempt may run, waits not counted; at least 5. Default: the project's, else without limit. */
  readonly maxDuration?: number | undefined;
  readonly middleware?: MiddlewareHook<HookPayload>;
  readonly init?: InitHook<HookPayload, Init>;
  readonly onStart?: StartHook<HookPayload, HookInit>;
  readonly onStartAttempt?: StartAttemptHook<HookPayload, HookInit>;
  /** The task itself. Resolves to the run's output, which must be made of what JSON can carry, or Date, Map, Set, BigInt, URL, RegExp, Error, undefined. */
  readonly run: (payload: Payload, params: RunParams<HookInit>) => Promise<Output> | Output;
  readonly onWait?: WaitHook<HookPayload, HookInit>;
  readonly onResume?: WaitHook<HookPayload, HookInit>;
  readonly onSuccess?: SuccessHook<HookPayload, HookOutput, HookInit>;
  readonly onFailure?: FailureHook<HookPayload, HookInit>;
  readonly onComplete?: CompleteHook<HookPayload, HookOutput, HookInit>;
  readonly onCancel?: CancelHook<HookPayload, HookOutput, HookInit>;
  readonly handleError?: HandleErrorHook<HookPayload, HookInit>;
  /** The newer name of handleError; a task has one of them. */
  readonly catchError?: HandleErrorHook<HookPayload, HookInit>;
  readonly cleanup?: CleanupHook<HookPayload, HookInit>;
}

/** What hooks and `run` receive as `init` when `init` returns this: nothing, when it returns nothing. */
export type Received<Init> = [Init] extends [void] ? undefined : Init;

/**
 * Refuses options whose hooks expect something else than `run` and `init` give them. What is not known (`Unknown`) is
 * not refused: TypeScript asks too before it has looked at `run`, and what the project's init functions return, it
 * never learns.
 */
export type Accepts<Given, Expected, Unknown, What extends string> = [Unknown] extends [Given]
  ? unknown
  : [Given] extends [Expected]
    ? unknown
    : { readonly run: `The ${What} that a hook expects is not the ${What} of this task` };
