import type { Queryable } from "@windlass/chassis";
import type { Schedule } from "@windlass/proto";
import { scheduleToProto } from "../conversions/schedule-to-proto.ts";
import { scheduleNotFound } from "../failures.ts";
import * as store from "../store/list-schedules.ts";
import { selectSchedule } from "../store/select-schedule.ts";
import { type Page, pageToken } from "../validation/page.ts";
import { scheduleList } from "../validation/schedule-requests.ts";

/** Reads a schedule. Throws SCHEDULE_NOT_FOUND. */
export async function getSchedule(db: Queryable, environmentId: string, scheduleId: string): Promise<Schedule> {
  const row = await selectSchedule(db, environmentId, scheduleId);
  if (row === undefined) throw scheduleNotFound(scheduleId);
  return scheduleToProto(row);
}

/** A page of an environment's schedules, newest first. */
export async function listSchedules(
  db: Queryable,
  environmentId: string,
  { page, taskId }: { readonly page: Page; readonly taskId: string },
): Promise<{ schedules: Schedule[]; nextPageToken: string }> {
  // One more than asked for tells whether there is a next page.
  const rows = await store.listSchedules(db, { environmentId, afterId: page.afterId, taskId, limit: page.size + 1 });
  const shown = rows.slice(0, page.size);
  const last = shown.at(-1);
  return {
    schedules: shown.map(scheduleToProto),
    nextPageToken: rows.length > shown.length && last !== undefined ? pageToken(last.id, scheduleList(taskId)) : "",
  };
}
