import { triggerTask } from "../client/trigger-task.ts";
import { type AnyHook, type HookName, hookNames, type InitData } from "./hook-types.ts";
import { isTaskId, TASK_ID_LIMIT } from "./task-id.ts";
import { type Accepts, refuseUnknownKeys, resolveRetryOptions, type TaskOptions } from "./task-options.ts";
import { taskRegistry } from "./task-registry.ts";
import type { RunHandle, Task } from "./task-types.ts";

/**
 * Defines a task. Call it at the top level of a file in the task folder; whoever imports the result can trigger it.
 *
 * Throws a TypeError that names task and option when an option is unknown or out of range, and an Error naming both
 * files when another task of the bundle has the same id. At deployment that makes the version unusable:
 * TASK_IMPORT_ERROR.
 */
export function task<
  Id extends string,
  Payload,
  Output,
  Init = InitData,
  HookPayload = Payload,
  HookOutput = Output,
  HookInit = Init,
>(
  options: TaskOptions<Id, Payload, Output, Init, HookPayload, HookOutput, HookInit> &
    Accepts<Payload, HookPayload, "payload"> &
    Accepts<Output, HookOutput, "output"> &
    Accepts<Init, HookInit, "init data">,
): Task<Id, Payload, Output> {
  const { id } = options;
  if (!isTaskId(id)) throw new TypeError(`the id of a task ${TASK_ID_LIMIT}, got ${describe(id)}`);
  refuseUnknownKeys(`task "${id}"`, options, OPTION_NAMES);
  if (typeof options.run !== "function") throw new TypeError(`task "${id}" has no run function`);
  const handle: Task<Id, Payload, Output> = {
    id,
    trigger: (...[payload, triggerOptions]) =>
      triggerTask(id, payload, triggerOptions) as Promise<RunHandle<Id, Payload, Output>>,
  };
  taskRegistry.register({
    id,
    handle,
    filePath: taskRegistry.loadingFile,
    queue: queueName(id, options.queue),
    retry: resolveRetryOptions(id, options.retry),
    run: options.run,
    hooks: taskHooks(id, options),
  });
  return handle;
}

const OPTION_NAMES = ["id", "retry", "queue", "run", ...hookNames];

function queueName(taskId: string, queue: unknown): string {
  if (queue === undefined) return "";
  if (typeof queue !== "object" || queue === null)
    throw new TypeError(`queue of task "${taskId}" must be an object with a name`);
  refuseUnknownKeys(`queue of task "${taskId}"`, queue, ["name"]);
  const name: unknown = "name" in queue ? queue.name : undefined;
  if (typeof name !== "string" || !/^[\w\-/.]{1,128}$/.test(name)) {
    throw new TypeError(
      `queue.name of task "${taskId}" must be 1 to 128 characters of A-Z a-z 0-9 _ - / ., got ${describe(name)}`,
    );
  }
  return name;
}

function taskHooks(taskId: string, options: Partial<Record<HookName, unknown>>): Partial<Record<HookName, AnyHook>> {
  const hooks: Partial<Record<HookName, AnyHook>> = {};
  for (const name of hookNames) {
    const hook = options[name];
    if (hook === undefined) continue;
    if (typeof hook !== "function")
      throw new TypeError(`${name} of task "${taskId}" must be a function, got ${describe(hook)}`);
    hooks[name] = hook as AnyHook;
  }
  return hooks;
}

function describe(value: unknown): string {
  if (typeof value !== "string") return typeof value;
  return value.length > 64 ? `a string of ${value.length} characters` : JSON.stringify(value);
}
