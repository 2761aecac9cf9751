import type { InitData } from "../task/hook-types.ts";
import { defineTask } from "../task/define-task.ts";
import type { Accepts, Received, TaskOptions } from "../task/task-options.ts";
import type { Task } from "../task/task-types.ts";
import { type CatchUpName, catchUpProblem, catchUpToProto } from "./catch-up.ts";
import { type CheckedCron, type CronOption, resolveCron } from "./cron.ts";
import type { ScheduleTick } from "./schedule-tick.ts";

/** What `schedules.task()` takes: the options of `task()`, and when it is triggered. */
export type ScheduleTaskOptions<Id extends string, Output, Init, HookOutput, HookInit> = Omit<
  TaskOptions<Id, ScheduleTick, Output, Init, ScheduleTick, HookOutput, HookInit>,
  "jsonSchema"
> & {
  /** "0 9 * * 1-5" in UTC, or { pattern, timezone }. Absent: only `schedules.create` triggers it. */
  readonly cron?: CronOption | undefined;
  /**
   * What becomes of ticks that a downtime of the cluster missed: the latest is made up for ("latest", the default), none is ("none"), or each is, oldest first
   * and at most the latest hundred ("all"). A tick that is at most a minute late counts as none missed.
   */
  readonly catchUp?: CatchUpName | undefined;
};

/**
 * Defines a task whose payload is a tick of a schedule. With `cron` it has a schedule of its own, which follows the current deployment: one that is
 * declared no more does not tick any more. Throws as `task` does, also for a cron expression or time zone that does not exist, and for `catchUp` without `cron`.
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
    optionNames: ["cron", "catchUp"],
    isScheduled: true,
    cron: declaredCron(`task ${JSON.stringify(options?.id)}`, options),
  });
}

function declaredCron(
  owner: string,
  { cron, catchUp }: { readonly cron?: unknown; readonly catchUp?: CatchUpName | undefined } = {},
): CheckedCron | undefined {
  const checked = resolveCron(owner, cron);
  if (catchUp === undefined) return checked;
  const problem = catchUpProblem(catchUp);
  if (problem !== undefined) throw new TypeError(`catchUp of ${owner} ${problem}`);
  if (checked === undefined)
    throw new TypeError(`catchUp of ${owner} says nothing without cron: give it to schedules.create`);
  return { ...checked, catchUp: catchUpToProto(catchUp) };
}
