import { defineTask } from "./define-task.ts";
import type { InitData } from "./hook-types.ts";
import type { Accepts, Received, TaskOptions } from "./task-options.ts";
import type { Task } from "./task-types.ts";

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
  HookInit = Received<Init>,
>(
  options: TaskOptions<Id, Payload, Output, Init, HookPayload, HookOutput, HookInit> &
    Accepts<Payload, HookPayload, unknown, "payload"> &
    Accepts<Output, HookOutput, unknown, "output"> &
    Accepts<Received<Init>, HookInit, InitData, "init data">,
): Task<Id, Payload, Output> {
  return defineTask(options, PLAIN);
}

const PLAIN = { optionNames: ["jsonSchema"] };
