import type { Queryable, Statement } from "@windlass/chassis";
import { SCHEDULE_COLUMNS, type ScheduleRow } from "./schedule-row.ts";
import { momentFromMicroseconds } from "./sql.ts";

/** A schedule to be made, or to be put over the one with its key. */
export interface NewSchedule {
  readonly environmentId: string;
  readonly id: string;
  readonly taskId: string;
  readonly cron: string;
  readonly timezone: string;
  readonly catchUp: ScheduleRow["catch_up"];
  readonly deduplicationKey: string;
  readonly externalId: string;
  readonly nextTimeUs: number | null;
}

// A tick that is due stays due when the rule is the same; one that is switched off stays so.
const UPSERT_SCHEDULE: Statement = {
  name: "upsert_schedule",
  text: `
INSERT INTO schedules AS s (environment_id, id, task_id, type, cron, timezone, deduplication_key, external_id, is_active, next_time, create_time, catch_up)
SELECT e.id, $2, d.task_id, 'IMPERATIVE', $4, $5, $6, $7, true, ${momentFromMicroseconds("$8::float8")}, now(), $9::catch_up
FROM environments e JOIN deployment_tasks d ON d.environment_id = e.id AND d.deployment_id = e.current_deployment_id AND d.task_id = $3
WHERE e.id = $1
ON CONFLICT (environment_id, type, deduplication_key) WHERE deduplication_key <> '' DO UPDATE SET
  task_id = excluded.task_id, cron = excluded.cron, timezone = excluded.timezone, external_id = excluded.external_id, catch_up = excluded.catch_up,
  next_time = CASE WHEN NOT s.is_active THEN NULL WHEN s.cron = excluded.cron AND s.timezone = excluded.timezone THEN s.next_time ELSE excluded.next_time END
RETURNING ${SCHEDULE_COLUMNS}`,
};

/** Makes an imperative schedule, or changes the one with its key; undefined when the current version has no such task. */
export async function upsertSchedule(db: Queryable, schedule: NewSchedule): Promise<ScheduleRow | undefined> {
  const [row] = await db.query<ScheduleRow>(UPSERT_SCHEDULE, [
    schedule.environmentId,
    schedule.id,
    schedule.taskId,
    schedule.cron,
    schedule.timezone,
    schedule.deduplicationKey,
    schedule.externalId,
    schedule.nextTimeUs,
    schedule.catchUp,
  ]);
  return row;
}
