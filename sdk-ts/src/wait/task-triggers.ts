import { type AnyBatchItems, triggerBatch } from "../client/batch-trigger.ts";
import { triggerTask } from "../client/trigger-task.ts";
import type {
  BatchHandle,
  BatchItem,
  BatchItems,
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
  const ofTask = (items: BatchItems<BatchItem<Payload>>): AnyBatchItems => ({
    items,
    read: (item) => (typeof item === "object" && item !== null ? { ...item, id } : item),
  });
  return {
    trigger: (...[payload, options]) => triggerTask(id, payload, options) as Promise<RunHandle<Id, Payload, Output>>,
    batchTrigger: (items) => triggerBatch(ofTask(items)) as Promise<BatchHandle<Id, Payload, Output>>,
    triggerAndWait: (...[payload, options]): TaskRunPromise<Id, Output> => {
      const result = triggerTaskAndWait(id, payload, options) as Promise<TaskRunResult<Id, Output>>;
      return new RunResultPromise((resolve) => resolve(result));
    },
    batchTriggerAndWait: (items) => triggerBatchAndWait(ofTask(items)) as Promise<BatchResult<Id, Output>>,
  };
}
