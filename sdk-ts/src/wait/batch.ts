import { type AnyBatchItem, triggerBatch } from "../client/batch-trigger.ts";
import type {
  AnyTask,
  BatchItem,
  RunHandle,
  TaskIdentifier,
  TaskOutput,
  TaskPayload,
  TaskRunResult,
} from "../task/task-types.ts";
import { triggerBatchAndWait } from "./trigger-and-wait.ts";

/** One run of a batch of several tasks, whose task is named by its id. */
export type BatchItemById<T> = T extends AnyTask
  ? { readonly id: TaskIdentifier<T> } & BatchItem<TaskPayload<T>>
  : never;

/** One run of a batch of several tasks, whose task is given itself. */
export type BatchItemByTask<T> = T extends AnyTask ? { readonly task: T } & BatchItem<TaskPayload<T>> : never;

type HandleOf<T> = T extends AnyTask ? RunHandle<TaskIdentifier<T>, TaskPayload<T>, TaskOutput<T>> : never;
type ResultOf<T> = T extends AnyTask ? TaskRunResult<TaskIdentifier<T>, TaskOutput<T>> : never;

/** A triggered batch of several tasks; its runs are in the order of the items. */
export interface MixedBatchHandle<Runs> {
  readonly batchId: string;
  readonly runCount: number;
  readonly runs: Runs;
}

/** What became of a batch of several tasks; in the order of the items. */
export interface MixedBatchResult<Runs> {
  /** The batch's id. */
  readonly id: string;
  readonly runs: Runs;
}

/**
 * Triggers runs of several tasks at once, at most 1,000: all are checked before any is sent. Everything here throws WindlassError; the error of an item
 * names it, and the others of its batch are stored all the same.
 */
export const batch = {
  /** `batch.trigger<typeof a | typeof b>([{ id: "a", payload }, { id: "b", payload }])` */
  trigger<T extends AnyTask>(items: readonly BatchItemById<T>[]): Promise<MixedBatchHandle<readonly HandleOf<T>[]>> {
    return triggerBatch(unchecked(items)) as Promise<MixedBatchHandle<readonly HandleOf<T>[]>>;
  },

  /** The same inside of a run, which is suspended until all of them are over. Throws an Error outside of a run, or during another wait. */
  triggerAndWait<T extends AnyTask>(
    items: readonly BatchItemById<T>[],
  ): Promise<MixedBatchResult<readonly ResultOf<T>[]>> {
    return triggerBatchAndWait(unchecked(items)) as Promise<MixedBatchResult<readonly ResultOf<T>[]>>;
  },

  /** `batch.triggerByTask([{ task: a, payload }, { task: b, payload }])` */
  triggerByTask<Tasks extends readonly AnyTask[]>(items: {
    readonly [I in keyof Tasks]: BatchItemByTask<Tasks[I]>;
  }): Promise<MixedBatchHandle<{ readonly [I in keyof Tasks]: HandleOf<Tasks[I]> }>> {
    return triggerBatch(itemsById(items)) as never;
  },

  /** The same inside of a run, which is suspended until all of them are over. Throws an Error outside of a run, or during another wait. */
  triggerByTaskAndWait<Tasks extends readonly AnyTask[]>(items: {
    readonly [I in keyof Tasks]: BatchItemByTask<Tasks[I]>;
  }): Promise<MixedBatchResult<{ readonly [I in keyof Tasks]: ResultOf<Tasks[I]> }>> {
    return triggerBatchAndWait(itemsById(items)) as never;
  },
};

/** Each item is checked when it is prepared. */
function unchecked(items: unknown): readonly AnyBatchItem[] {
  return items as readonly AnyBatchItem[];
}

function itemsById(items: unknown): readonly AnyBatchItem[] {
  if (!Array.isArray(items)) return unchecked(items);
  return items.map((item: ItemByTask | null) => {
    if (typeof item !== "object" || item === null) return item as never;
    const { task, ...rest } = item;
    return { ...rest, id: task?.id as string };
  });
}

/** As it may come from JavaScript. */
interface ItemByTask extends Omit<AnyBatchItem, "id"> {
  readonly task?: AnyTask;
}
