import type { Queryable, Statement } from "@windlass/chassis";
import { SCHEDULE_COLUMNS, type ScheduleRow } from "./schedule-row.ts";

const text = `SELECT ${SCHEDULE_COLUMNS} FROM schedules s WHERE s.environment_id = $1 AND s.id = $2`;

const SELECT_SCHEDULE: Statement = { name: "select_schedule", text };
const LOCK_SCHEDULE: Statement = { name: "lock_schedule", text: `${text} FOR NO KEY UPDATE` };

export async function selectSchedule(
  db: Queryable,
  environmentId: string,
  id: string,
): Promise<ScheduleRow | undefined> {
  const [row] = await db.query<ScheduleRow>(SELECT_SCHEDULE, [environmentId, id]);
  return row;
}

/** The schedule, which then neither ticks nor changes until the transaction ends. */
export async function lockSchedule(tx: Queryable, environmentId: string, id: string): Promise<ScheduleRow | undefined> {
  const [row] = await tx.query<ScheduleRow>(LOCK_SCHEDULE, [environmentId, id]);
  return row;
}
