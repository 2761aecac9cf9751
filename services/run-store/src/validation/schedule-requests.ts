import type { CreateScheduleRequest, ListSchedulesRequest, UpdateScheduleRequest } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import { type ParsedCron, parseCron } from "./cron.ts";
import { DEDUPLICATION_KEY, EXTERNAL_ID, STORE_ID, TASK_ID } from "./field-rules.ts";
import { type Page, parsePage } from "./page.ts";
import { parseText } from "./text-rule.ts";
import { throwIfInvalid } from "./violations.ts";

/** A checked description of a schedule. */
export interface ParsedSchedule {
  readonly taskId: string;
  readonly cron: ParsedCron;
  readonly deduplicationKey: string;
  readonly externalId: string;
}

/** What a schedule shall become; undefined: stays. */
export interface ParsedScheduleUpdate {
  readonly scheduleId: string;
  readonly taskId: string | undefined;
  readonly cron: ParsedCron | undefined;
  readonly externalId: string | undefined;
}

const SCHEDULE_PAGE = { max: 1_000, default: 50 };

/** What a page token of ListSchedules is bound to. */
export function scheduleList(taskId: string): readonly unknown[] {
  return ["schedules", taskId];
}

/** Checks CreateSchedule. Throws FIELD_INVALID. */
export function parseCreateSchedule(request: CreateScheduleRequest): ParsedSchedule {
  const violations: Violation[] = [];
  const parsed = {
    taskId: parseText(request.taskId, TASK_ID, "task_id", violations),
    cron: parseCron(request.cron, "cron", violations),
    deduplicationKey: parseText(request.deduplicationKey, DEDUPLICATION_KEY, "deduplication_key", violations),
    externalId: parseText(request.externalId, EXTERNAL_ID, "external_id", violations),
  };
  throwIfInvalid(violations);
  return parsed;
}

/** Checks UpdateSchedule. Throws FIELD_INVALID. */
export function parseUpdateSchedule(request: UpdateScheduleRequest): ParsedScheduleUpdate {
  const violations: Violation[] = [];
  const { taskId, cron, externalId } = request;
  const parsed = {
    scheduleId: parseText(request.scheduleId, STORE_ID, "schedule_id", violations),
    taskId: taskId === "" ? undefined : parseText(taskId, TASK_ID, "task_id", violations),
    cron: cron === undefined ? undefined : parseCron(cron, "cron", violations),
    externalId: externalId === undefined ? undefined : parseText(externalId, EXTERNAL_ID, "external_id", violations),
  };
  throwIfInvalid(violations);
  return parsed;
}

/** Checks a request that names a schedule and nothing else. Throws FIELD_INVALID. */
export function parseScheduleId(request: { readonly scheduleId: string }): string {
  const violations: Violation[] = [];
  const scheduleId = parseText(request.scheduleId, STORE_ID, "schedule_id", violations);
  throwIfInvalid(violations);
  return scheduleId;
}

/** Checks ListSchedules. Throws FIELD_INVALID, also for a page token of another list. */
export function parseListSchedules(request: ListSchedulesRequest): { readonly page: Page; readonly taskId: string } {
  const violations: Violation[] = [];
  const taskId = request.taskId === "" ? "" : parseText(request.taskId, TASK_ID, "task_id", violations);
  const page = parsePage(request, SCHEDULE_PAGE, scheduleList(taskId), violations);
  throwIfInvalid(violations);
  return { page, taskId };
}
