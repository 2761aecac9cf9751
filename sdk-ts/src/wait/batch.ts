import { type AnyBatchItems, triggerBatch } from "../client/batch-trigger.ts";
import { type BatchSnapshot, listBatches, retrieveBatch } from "../client/batches.ts";
import type { PagePromise } from "../client/pages.ts";
import type { AnyRunHandle } from "../client/run-handle.ts";
import type { PayloadParser } from "../task/payload-parser.ts";
import { taskRegistry } from "../task/task-registry.ts";
import type {
  AnyTask,
  BatchItem,
  BatchItems,
  FailedBatchItem,
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
  readonly failedItems: readonly FailedBatchItem[];
}

/** What became of a batch of several tasks; in the order of the items. */
export interface MixedBatchResult<Runs> {
  /** The batch's id. */
  readonly id: string;
  readonly runs: Runs;
}

/**
 * Triggers runs of several tasks at once, up to 100,000, and reads batches. Everything here throws WindlassError; an item that is wrong is a failed item of
 * the result, and the others are stored.
 */
export const batch = {
  /** `batch.trigger<typeof a | typeof b>([{ id: "a", payload }, { id: "b", payload }])`; see `Task.batchTrigger`. */
  trigger<T extends AnyTask>(items: BatchItems<BatchItemById<T>>): Promise<MixedBatchHandle<readonly HandleOf<T>[]>> {
    return triggerBatch({ items }) as Promise<MixedBatchHandle<readonly HandleOf<T>[]>>;
  },

  /** The same inside of a run, which is suspended until all of them are over. Throws an Error outside of a run, or during another wait. */
  triggerAndWait<T extends AnyTask>(
    items: BatchItems<BatchItemById<T>>,
  ): Promise<MixedBatchResult<readonly ResultOf<T>[]>> {
    return triggerBatchAndWait({ items }) as Promise<MixedBatchResult<readonly ResultOf<T>[]>>;
  },

  /** `batch.triggerByTask([{ task: a, payload }, { task: b, payload }])`: each run keeps its place; that of an item that failed is empty. */
  async triggerByTask<Tasks extends readonly AnyTask[]>(items: {
    readonly [I in keyof Tasks]: BatchItemByTask<Tasks[I]>;
  }): Promise<MixedBatchHandle<{ readonly [I in keyof Tasks]: HandleOf<Tasks[I]> | undefined }>> {
    const { runs, ...handle } = await triggerBatch(byTask(items));
    const places: (AnyRunHandle | undefined)[] = [...runs];
    for (const { index } of handle.failedItems) places.splice(index, 0, undefined);
    return { ...handle, runs: places as never };
  },

  /** The same inside of a run, which is suspended until all of them are over. Throws an Error outside of a run, or during another wait. */
  triggerByTaskAndWait<Tasks extends readonly AnyTask[]>(items: {
    readonly [I in keyof Tasks]: BatchItemByTask<Tasks[I]>;
  }): Promise<MixedBatchResult<{ readonly [I in keyof Tasks]: ResultOf<Tasks[I]> }>> {
    return triggerBatchAndWait(byTask(items)) as never;
  },

  /** How far a batch is. Throws BATCH_NOT_FOUND. */
  retrieve(batchId: string): Promise<BatchSnapshot> {
    return retrieveBatch(batchId);
  },

  /** Newest first: `await` gives a page, `for await` all of them, fetched page by page. */
  list(options: { readonly limit?: number | undefined } = {}): PagePromise<BatchSnapshot> {
    return listBatches(options);
  },
};

function byTask(items: unknown): AnyBatchItems {
  return { items: items as readonly unknown[], read: itemById, parserOf: parserOfTask };
}

/** The schema of the task that an item names, where the program has defined it. */
function parserOfTask(item: unknown): PayloadParser | undefined {
  const task: unknown = typeof item === "object" && item !== null && "task" in item ? item.task : undefined;
  const id: unknown = typeof task === "object" && task !== null && "id" in task ? task.id : undefined;
  const registered = typeof id === "string" ? taskRegistry.get(id) : undefined;
  return registered !== undefined && registered.handle === task ? registered.parsePayload : undefined;
}

function itemById(item: unknown): unknown {
  if (typeof item !== "object" || item === null) return item;
  const { task, ...rest } = item as { readonly task?: { readonly id?: unknown } | null };
  return { ...rest, id: task?.id };
}
