import type {
  AnyTask,
  BatchHandle,
  BatchItem,
  BatchItems,
  BatchResult,
  RunHandle,
  TaskIdentifier,
  TaskOutput,
  TaskPayload,
  TaskRunPromise,
  TriggerArguments,
} from "../task/task-types.ts";
import { taskTriggers } from "./task-triggers.ts";

/**
 * The trigger functions of `tasks`, for a task that this program does not import: `tasks.trigger<typeof helloWorld>("hello-world", payload)` with a
 * type-only import.
 */
export const triggersById = {
  /** See `Task.trigger`. */
  trigger<T extends AnyTask>(
    id: TaskIdentifier<T>,
    ...args: TriggerArguments<TaskPayload<T>>
  ): Promise<RunHandle<TaskIdentifier<T>, TaskPayload<T>, TaskOutput<T>>> {
    return triggersOf<T>(id).trigger(...args);
  },

  /** See `Task.batchTrigger`. */
  batchTrigger<T extends AnyTask>(
    id: TaskIdentifier<T>,
    items: BatchItems<BatchItem<TaskPayload<T>>>,
  ): Promise<BatchHandle<TaskIdentifier<T>, TaskPayload<T>, TaskOutput<T>>> {
    return triggersOf<T>(id).batchTrigger(items);
  },

  /** See `Task.triggerAndWait`. */
  triggerAndWait<T extends AnyTask>(
    id: TaskIdentifier<T>,
    ...args: TriggerArguments<TaskPayload<T>>
  ): TaskRunPromise<TaskIdentifier<T>, TaskOutput<T>> {
    return triggersOf<T>(id).triggerAndWait(...args);
  },

  /** See `Task.batchTriggerAndWait`. */
  batchTriggerAndWait<T extends AnyTask>(
    id: TaskIdentifier<T>,
    items: BatchItems<BatchItem<TaskPayload<T>>>,
  ): Promise<BatchResult<TaskIdentifier<T>, TaskOutput<T>>> {
    return triggersOf<T>(id).batchTriggerAndWait(items);
  },
};

function triggersOf<T extends AnyTask>(id: TaskIdentifier<T>) {
  return taskTriggers<TaskIdentifier<T>, TaskPayload<T>, TaskOutput<T>>(id);
}
