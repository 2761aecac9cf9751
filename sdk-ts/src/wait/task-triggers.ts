import { type AnyBatchItems, triggerBatch } from "../client/batch-trigger.ts";
import { triggerTask } from "../client/trigger-task.ts";
import type { PayloadParser } from "../task/payload-parser.ts";
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

/** The functions by which a task is triggered. Nothing checks here that the types are the task's; payloads are checked by `parse`, if there is one. */
export function taskTriggers<Id extends string, Payload, Output>(
  id: Id,
  parse?: PayloadParser,
): TaskTriggers<Id, Payload, Output> {
  const ofTask = (items: BatchItems<BatchItem<Payload>>): AnyBatchItems => ({
    items,
    read: (item) => (typeof item === "object" && item !== null ? { ...item, id } : item),
    parserOf: () => parse,
  });
  return {
    trigger: (...[payload, options]) =>
      triggerTask(id, payload, options, parse) as Promise<RunHandle<Id, Payload, Output>>,
    batchTrigger: (items) => triggerBatch(ofTask(items)) as Promise<BatchHandle<Id, Payload, Output>>,
    triggerAndWait: (...[payload, options]): TaskRunPromise<Id, Output> => {
      const result = triggerTaskAndWait(id, payload, options, parse) as Promise<TaskRunResult<Id, Output>>;
      return new RunResultPromise((resolve) => resolve(result));
    },
    batchTriggerAndWait: (items) => triggerBatchAndWait(ofTask(items)) as Promise<BatchResult<Id, Output>>,
  };
}
