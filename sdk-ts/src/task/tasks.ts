import { triggerTask } from "../client/trigger-task.ts";
import { globalHooks } from "./hook-registry.ts";
import type {
  AnyHook,
  CleanupHook,
  CompleteHook,
  FailureHook,
  HookName,
  InitData,
  InitHook,
  StartHook,
  SuccessHook,
} from "./hook-types.ts";
import type { AnyTask, RunHandle, TaskIdentifier, TaskOutput, TaskPayload, TriggerArguments } from "./task-types.ts";

/**
 * Registers a hook that runs for every task, before the task's own hook of the same kind. With a name, a later
 * registration under that name replaces it. Called inside `run`, it holds for that attempt only.
 */
interface Register<Hook> {
  (hook: Hook): void;
  (name: string, hook: Hook): void;
}

/** Triggers any task by its id, and registers global hooks. */
export const tasks = {
  /**
   * Triggers a task that this program does not import: `tasks.trigger<typeof helloWorld>("hello-world", payload)` with a type-only import.
   * Throws WindlassError. See `Task.trigger`.
   */
  trigger<T extends AnyTask>(
    id: TaskIdentifier<T>,
    ...[payload, options]: TriggerArguments<TaskPayload<T>>
  ): Promise<RunHandle<TaskIdentifier<T>, TaskPayload<T>, TaskOutput<T>>> {
    return triggerTask(id, payload, options) as Promise<RunHandle<TaskIdentifier<T>, TaskPayload<T>, TaskOutput<T>>>;
  },
  init: register<InitHook<unknown, unknown>>("init"),
  onStart: register<StartHook<unknown, InitData>>("onStart"),
  onSuccess: register<SuccessHook<unknown, unknown, InitData>>("onSuccess"),
  onFailure: register<FailureHook<unknown, InitData>>("onFailure"),
  onComplete: register<CompleteHook<unknown, unknown, InitData>>("onComplete"),
  cleanup: register<CleanupHook<unknown, InitData>>("cleanup"),
};

function register<Hook>(hookName: HookName): Register<Hook> {
  return (nameOrHook: unknown, namedHook?: unknown): void => {
    const [name, fn] = typeof nameOrHook === "string" ? [nameOrHook, namedHook] : ["", nameOrHook];
    if (typeof fn !== "function") throw new TypeError(`tasks.${hookName} takes a function, or a name and a function`);
    globalHooks.register(hookName, { name, fn: fn as AnyHook });
  };
}
