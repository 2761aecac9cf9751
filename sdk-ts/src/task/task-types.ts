import type { TriggerOptions } from "../client/trigger-options.ts";
import type { WindlassError } from "../client/windlass-error.ts";

/** Carries a task's types through handles. No value has this property. */
declare const types: unique symbol;

interface Types<Payload, Output> {
  readonly [types]?: { readonly payload: Payload; readonly output: Output };
}

/** A defined task. */
export interface Task<Id extends string, Payload, Output>
  extends Types<Payload, Output>, TaskTriggers<Id, Payload, Output> {
  readonly id: Id;
}

/** How a task is triggered. */
export interface TaskTriggers<Id extends string, Payload, Output> {
  /**
   * Asks the cluster to run the task and returns once that is stored: from then on the run happens, whatever crashes.
   * Triggers made in the same moment travel together. Throws WindlassError.
   */
  readonly trigger: (...args: TriggerArguments<Payload>) => Promise<RunHandle<Id, Payload, Output>>;
  /**
   * Triggers up to 100,000 runs, 1,000 in a message, in the items' order. An item that is wrong is a failed item of the result; the others are stored.
   * Throws WindlassError when the cluster does not answer; what came before is stored then.
   */
  readonly batchTrigger: (items: BatchItems<BatchItem<Payload>>) => Promise<BatchHandle<Id, Payload, Output>>;
  /**
   * Inside of a run: triggers the task and suspends this run until that one is over. `unwrap()` gives its output. Throws
   * WindlassError when it cannot be triggered, and an Error outside of a run or during another wait.
   */
  readonly triggerAndWait: (...args: TriggerArguments<Payload>) => TaskRunPromise<Id, Output>;
  /** Inside of a run: triggers up to 100,000 runs and suspends this one until all of them are over. Throws as `triggerAndWait` does. */
  readonly batchTriggerAndWait: (items: BatchItems<BatchItem<Payload>>) => Promise<BatchResult<Id, Output>>;
}

/** What became of a run that was waited for. An item of a batch that did not become a run is not ok, and has no id: "". */
export type TaskRunResult<Id extends string, Output> =
  | { readonly ok: true; readonly id: string; readonly taskIdentifier: Id; readonly output: Output }
  | { readonly ok: false; readonly id: string; readonly taskIdentifier: Id; readonly error: unknown };

/** A run that is waited for. */
export interface TaskRunPromise<Id extends string, Output> extends Promise<TaskRunResult<Id, Output>> {
  /** The output. Rejects with SubtaskUnwrapError when the run did not complete. */
  unwrap(): Promise<Output>;
}

/** One run of a batch. The payload may be left out when the task does without. */
export type BatchItem<Payload> = (undefined extends Payload
  ? { readonly payload?: Payload }
  : { readonly payload: Payload }) & { readonly options?: TriggerOptions | undefined };

/** The items of a batch: an array, or whatever can be iterated; asked for more no faster than the cluster stores them. */
export type BatchItems<Item> = Iterable<Item> | AsyncIterable<Item>;

/** A triggered batch. */
export interface BatchHandle<Id extends string, Payload, Output> {
  readonly batchId: string;
  readonly runCount: number;
  /** In the order of the items, without those that failed. */
  readonly runs: readonly RunHandle<Id, Payload, Output>[];
  readonly failedItems: readonly FailedBatchItem[];
}

/** An item that did not become a run. The others of its batch are not affected. */
export interface FailedBatchItem {
  /** Its place among the items, from 0. */
  readonly index: number;
  readonly taskIdentifier: string;
  readonly error: WindlassError;
}

/** What became of the runs of a batch that was waited for. */
export interface BatchResult<Id extends string, Output> {
  /** The batch's id. */
  readonly id: string;
  /** In the order of the items. */
  readonly runs: readonly TaskRunResult<Id, Output>[];
}

/** A triggered run, and the types of its task. */
export interface RunHandle<Id extends string, Payload, Output> extends Types<Payload, Output> {
  /** The run's id. */
  readonly id: string;
  readonly taskIdentifier: Id;
  /** True when an idempotency key had already made the run. */
  readonly isCached: boolean;
  /**
   * Lets whoever has it read this run, and nothing else, for 24 hours from when it is first asked for; see `auth.createPublicToken`. Absent inside of a
   * task, which has no API key to sign it with.
   */
  readonly publicAccessToken?: string;
}

/** Any task, for type parameters: `tasks.trigger<typeof helloWorld>(...)`. */
export interface AnyTask extends Types<unknown, unknown> {
  readonly id: string;
}

type TypesOf<T> = T extends { readonly [types]?: infer Carried } ? NonNullable<Carried> : never;

export type TaskIdentifier<T extends AnyTask> = T["id"];
export type TaskPayload<T> = TypesOf<T> extends { payload: infer Payload } ? Payload : unknown;
/** The output of a task, or of the task that a handle belongs to. */
export type TaskOutput<T> = TypesOf<T> extends { output: infer Output } ? Output : unknown;

/** The payload may be left out when the task does without. */
export type TriggerArguments<Payload> = undefined extends Payload
  ? [payload?: Payload, options?: TriggerOptions]
  : [payload: Payload, options?: TriggerOptions];
