import type { InitData } from "../task/hook-types.ts";
import { defineTask } from "../task/define-task.ts";
import type { Accepts, Received, TaskOptions } from "../task/task-options.ts";
import type { Task } from "../task/task-types.ts";
import { type CronOption, resolveCron } from "./cron.ts";
import type { ScheduleTick } from "./schedule-tick.ts";

/** What `schedules.task()` takes: the options of `task()`, and when it is triggered. */
export type ScheduleTaskOptions<Id extends string, Output, Init, HookOutput, HookInit> = TaskOptions<
  Id,
  ScheduleTick,
  Output,
  Init,
  ScheduleTick,
  HookOutput,
  HookInit
> & {
  /** "0 9 * * 1-5" in UTC, or { pattern, timezone }. Absent: only `schedules.create` triggers it. */
  readonly cron?: CronOption | undefined;
};

/**
 * Defines a task whose payload is a tick of a schedule. With `cron` it has a schedule of its own, which follows the current deployment: one that is
 * declared no more does not tick any more. Throws as `task` does, also for a cron expression or time zone that does not exist.
 */
export function scheduleTask<
  Id extends string,
  Output,
  Init = InitData,
  HookOutput = Output,
  HookInit = Received<Init>,
>(
  options: ScheduleTaskOptions<Id, Output, Init, HookOutput, HookInit> &
    Accepts<Output, HookOutput, unknown, "output"> &
    Accepts<Received<Init>, HookInit, InitData, "init data">,
): Task<Id, ScheduleTick, Output> {
  return defineTask(options, {
    optionNames: ["cron"],
    isScheduled: true,
    cron: resolveCron(`task ${JSON.stringify(options?.id)}`, options?.cron),
  });
}
