import { type AnyBatchItem, triggerBatch } from "../client/batch-trigger.ts";
import { triggerTask } from "../client/trigger-task.ts";
import type {
  BatchHandle,
  BatchItem,
  BatchResult,
  RunHandle,
  TaskRunPromise,
  TaskRunResult,
  TaskTriggers,
} from "../task/task-types.ts";
import { RunResultPromise } from "./task-run-result.ts";
import { triggerBatchAndWait, triggerTaskAndWait } from "./trigger-and-wait.ts";

/** The functions by which a task is triggered. Nothing checks here that the types are the task's. */
export function taskTriggers<Id extends string, Payload, Output>(id: Id): TaskTriggers<Id, Payload, Output> {
  // A list that is none is refused where all items are checked.
  const withTask = (items: readonly BatchItem<Payload>[]): readonly AnyBatchItem[] =>
    Array.isArray(items)
      ? items.map((item: BatchItem<Payload> | null) => (item === null ? (item as never) : { ...item, id }))
      : (items as never);
  return {
    trigger: (...[payload, options]) => triggerTask(id, payload, options) as Promise<RunHandle<Id, Payload, Output>>,
    batchTrigger: (items) => triggerBatch(withTask(items)) as Promise<BatchHandle<Id, Payload, Output>>,
    triggerAndWait: (...[payload, options]): TaskRunPromise<Id, Output> => {
      const result = triggerTaskAndWait(id, payload, options) as Promise<TaskRunResult<Id, Output>>;
      return new RunResultPromise((resolve) => resolve(result));
    },
    batchTriggerAndWait: (items) => triggerBatchAndWait(withTask(items)) as Promise<BatchResult<Id, Output>>,
  };
}
