import type { Clock, Postgres, Queryable } from "@windlass/chassis";
import type { Schedule } from "@windlass/proto";
import { fieldInvalid } from "@windlass/proto/grpc";
import { dueSchedule } from "../conversions/due-item.ts";
import { scheduleToProto } from "../conversions/schedule-to-proto.ts";
import { scheduleDeclarative, scheduleNotFound } from "../failures.ts";
import type { Feed } from "../feed/feed.ts";
import { newResourceId } from "../resource-id.ts";
import * as store from "../store/delete-schedule.ts";
import { hasCurrentTask } from "../store/has-current-task.ts";
import type { ScheduleRow } from "../store/schedule-row.ts";
import { selectNowMs } from "../store/select-now.ts";
import { lockSchedule } from "../store/select-schedule.ts";
import { updateSchedule as storeUpdate } from "../store/update-schedule.ts";
import { upsertSchedule } from "../store/upsert-schedule.ts";
import type { ParsedSchedule, ParsedScheduleUpdate } from "../validation/schedule-requests.ts";
import { nextTickUs } from "./next-tick.ts";

/** What changing schedules works with. */
export interface ScheduleOptions {
  readonly postgres: Postgres;
  readonly feed: Feed;
  readonly clock: Clock;
}

/** Makes a schedule, or changes the one with its key, which keeps its id and stays switched off if it was. Idempotent. Throws FIELD_INVALID for a task that the current version lacks. */
export async function createSchedule(
  options: ScheduleOptions,
  environmentId: string,
  { taskId, cron, deduplicationKey, externalId }: ParsedSchedule,
): Promise<Schedule> {
  const { postgres, clock } = options;
  const id = newResourceId("sched", clock.nowMs());
  const nowMs = await selectNowMs(postgres);
  const row = await upsertSchedule(postgres, {
    environmentId,
    id,
    taskId,
    cron: cron.expression,
    timezone: cron.timezone,
    catchUp: cron.catchUp,
    deduplicationKey,
    externalId,
    nextTimeUs: nextTickUs(cron, nowMs),
  });
  if (row === undefined) throw unknownTask(taskId);
  return told(options, row, nowMs);
}

/** Changes an imperative schedule. A new rule ticks from now on. Throws SCHEDULE_NOT_FOUND, SCHEDULE_DECLARATIVE, and FIELD_INVALID for a task that the current version lacks. */
export function updateSchedule(
  options: ScheduleOptions,
  environmentId: string,
  { scheduleId, taskId, cron, externalId }: ParsedScheduleUpdate,
): Promise<Schedule> {
  return change(options, environmentId, scheduleId, async (row, tx, nowMs) => {
    throwIfDeclarative(row);
    if (taskId !== undefined && !(await hasCurrentTask(tx, environmentId, taskId))) throw unknownTask(taskId);
    const isNewRule = cron !== undefined && (cron.expression !== row.cron || cron.timezone !== row.timezone);
    return {
      ...row,
      task_id: taskId ?? row.task_id,
      external_id: externalId ?? row.external_id,
      catch_up: cron?.catchUp ?? row.catch_up,
      ...(isNewRule && {
        cron: cron.expression,
        timezone: cron.timezone,
        next_time_us: row.is_active ? nextTickUs(cron, nowMs) : null,
      }),
    };
  });
}

/** Lets a schedule tick, from now on. Idempotent. Throws SCHEDULE_NOT_FOUND, and SCHEDULE_DECLARATIVE for one that the current version no longer declares. */
export function activateSchedule(
  options: ScheduleOptions,
  environmentId: string,
  scheduleId: string,
): Promise<Schedule> {
  return change(options, environmentId, scheduleId, (row, _, nowMs) => {
    if (!row.is_declared)
      throw scheduleDeclarative(
        row.id,
        "is not declared by the current deployment any more; deploy a task that declares it.",
      );
    if (row.is_active) return row;
    return {
      ...row,
      is_active: true,
      next_time_us: nextTickUs({ expression: row.cron, timezone: row.timezone }, nowMs),
    };
  });
}

/** Stops the ticks. Idempotent. Throws SCHEDULE_NOT_FOUND. */
export function deactivateSchedule(
  options: ScheduleOptions,
  environmentId: string,
  scheduleId: string,
): Promise<Schedule> {
  return change(options, environmentId, scheduleId, (row) => ({ ...row, is_active: false, next_time_us: null }));
}

/** Removes an imperative schedule; what it has triggered stays. Idempotent. Throws SCHEDULE_DECLARATIVE. */
export async function deleteSchedule(
  { postgres }: ScheduleOptions,
  environmentId: string,
  scheduleId: string,
): Promise<void> {
  await postgres.transaction(async (tx) => {
    const row = await lockSchedule(tx, environmentId, scheduleId);
    if (row === undefined) return;
    throwIfDeclarative(row);
    await store.deleteSchedule(tx, environmentId, scheduleId);
  });
}

/** Under the schedule's row lock, so that it goes before a tick or after it. */
async function change(
  options: ScheduleOptions,
  environmentId: string,
  scheduleId: string,
  next: (row: ScheduleRow, tx: Queryable, nowMs: number) => ScheduleRow | Promise<ScheduleRow>,
): Promise<Schedule> {
  const { row, nowMs } = await options.postgres.transaction(async (tx) => {
    const locked = await lockSchedule(tx, environmentId, scheduleId);
    if (locked === undefined) throw scheduleNotFound(scheduleId);
    const momentMs = await selectNowMs(tx);
    return { row: await storeUpdate(tx, await next(locked, tx, momentMs)), nowMs: momentMs };
  });
  return told(options, row, nowMs);
}

/** The scheduler hears of the next tick. A crash before it tells nobody: the scheduler lists again every minute (I9). */
function told({ feed }: ScheduleOptions, row: ScheduleRow, nowMs: number): Schedule {
  if (row.next_time_us !== null)
    feed.due.publish([dueSchedule(row.environment_id, row.id, row.next_time_us / 1_000 - nowMs)]);
  return scheduleToProto(row);
}

function throwIfDeclarative(row: ScheduleRow): void {
  if (row.type === "DECLARATIVE")
    throw scheduleDeclarative(row.id, `is declared by the task ${row.task_id}; change the task and deploy it.`);
}

function unknownTask(taskId: string) {
  return fieldInvalid({
    field: "task_id",
    description: `must be a task of the environment's current deployment; ${taskId} is none.`,
  });
}
