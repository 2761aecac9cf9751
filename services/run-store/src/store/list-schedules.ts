import type { Queryable, Statement } from "@windlass/chassis";
import { SCHEDULE_COLUMNS, type ScheduleRow } from "./schedule-row.ts";

export const LIST_SCHEDULES: Statement = {
  name: "list_schedules",
  text: `
SELECT ${SCHEDULE_COLUMNS} FROM schedules s
WHERE s.environment_id = $1 AND s.id < $2 COLLATE "C" AND ($3 = '' OR s.task_id = $3) ORDER BY s.id DESC LIMIT $4`,
};

/** Sorts after every id. */
const AFTER_ALL = "sched_~";

/** Schedules of an environment, newest first, made before the one named; `taskId` "" means all. */
export function listSchedules(
  db: Queryable,
  page: {
    readonly environmentId: string;
    readonly afterId: string | undefined;
    readonly taskId: string;
    readonly limit: number;
  },
): Promise<ScheduleRow[]> {
  return db.query<ScheduleRow>(LIST_SCHEDULES, [
    page.environmentId,
    page.afterId ?? AFTER_ALL,
    page.taskId,
    page.limit,
  ]);
}
