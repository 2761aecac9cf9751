import type { TriggerOptions } from "../client/trigger-options.ts";

/** Carries a task's types through handles. No value has this property. */
declare const types: unique symbol;

interface Types<Payload, Output> {
  readonly [types]?: { readonly payload: Payload; readonly output: Output };
}

/** A defined task. */
export interface Task<Id extends string, Payload, Output> extends Types<Payload, Output> {
  readonly id: Id;
  /**
   * Asks the cluster to run the task and returns once that is stored: from then on the run happens, whatever crashes.
   * Triggers made in the same moment travel together. Throws WindlassError.
   */
  readonly trigger: (...args: TriggerArguments<Payload>) => Promise<RunHandle<Id, Payload, Output>>;
}

/** A triggered run, and the types of its task. */
export interface RunHandle<Id extends string, Payload, Output> extends Types<Payload, Output> {
  /** The run's id. */
  readonly id: string;
  readonly taskIdentifier: Id;
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
