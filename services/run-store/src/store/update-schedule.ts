import type { Queryable, Statement } from "@windlass/chassis";
import { SCHEDULE_COLUMNS, type ScheduleRow } from "./schedule-row.ts";
import { momentFromMicroseconds } from "./sql.ts";

const UPDATE_SCHEDULE: Statement = {
  name: "update_schedule",
  text: `
UPDATE schedules s SET task_id = $3, cron = $4, timezone = $5, external_id = $6, is_active = $7, next_time = ${momentFromMicroseconds("$8::float8")}, catch_up = $9::catch_up
WHERE s.environment_id = $1 AND s.id = $2
RETURNING ${SCHEDULE_COLUMNS}`,
};

/** Stores what a locked schedule becomes. */
export async function updateSchedule(tx: Queryable, row: ScheduleRow): Promise<ScheduleRow> {
  const [updated] = await tx.query<ScheduleRow>(UPDATE_SCHEDULE, [
    row.environment_id,
    row.id,
    row.task_id,
    row.cron,
    row.timezone,
    row.external_id,
    row.is_active,
    row.next_time_us,
    row.catch_up,
  ]);
  if (updated === undefined) throw new Error(`the locked schedule ${row.id} is missing`);
  return updated;
}
