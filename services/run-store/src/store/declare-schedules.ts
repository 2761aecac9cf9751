import type { Queryable, Statement } from "@windlass/chassis";
import type { ScheduleRow } from "./schedule-row.ts";
import { microseconds, momentFromMicroseconds } from "./sql.ts";

/** A schedule that a task of the current version declares. */
export interface DeclaredSchedule {
  /** For one that is new; the task's own keeps its id. */
  readonly id: string;
  readonly taskId: string;
  readonly cron: string;
  readonly timezone: string;
  readonly catchUp: ScheduleRow["catch_up"];
  readonly nextTimeUs: number | null;
}

const DECLARE_SCHEDULES: Statement = {
  name: "declare_schedules",
  text: `
INSERT INTO schedules AS s (environment_id, id, task_id, type, cron, timezone, deduplication_key, external_id, is_active, next_time, create_time, catch_up)
SELECT $1, id, task_id, 'DECLARATIVE', cron, timezone, task_id, '', true, ${momentFromMicroseconds("next_time_us")}, now(), catch_up
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::catch_up[]) AS i (id, task_id, cron, timezone, next_time_us, catch_up)
ON CONFLICT (environment_id, type, deduplication_key) WHERE deduplication_key <> '' DO UPDATE SET
  cron = excluded.cron, timezone = excluded.timezone, catch_up = excluded.catch_up, is_declared = true,
  next_time = CASE WHEN NOT s.is_active THEN NULL
    WHEN s.is_declared AND s.cron = excluded.cron AND s.timezone = excluded.timezone THEN s.next_time ELSE excluded.next_time END
RETURNING id, ${microseconds("next_time")} AS next_time_us`,
};

const DROP_UNDECLARED_SCHEDULES: Statement = {
  name: "drop_undeclared_schedules",
  text: `
UPDATE schedules SET is_declared = false, next_time = NULL
WHERE environment_id = $1 AND type = 'DECLARATIVE' AND deduplication_key <> '' AND is_declared AND deduplication_key <> ALL ($2::text[])`,
};

/** Stores what tasks declare; a rule that stays the same keeps its next tick. Returns each with its next tick. */
export function declareSchedules(
  tx: Queryable,
  environmentId: string,
  schedules: readonly DeclaredSchedule[],
): Promise<{ readonly id: string; readonly next_time_us: number | null }[]> {
  return tx.query(DECLARE_SCHEDULES, [
    environmentId,
    schedules.map((schedule) => schedule.id),
    schedules.map((schedule) => schedule.taskId),
    schedules.map((schedule) => schedule.cron),
    schedules.map((schedule) => schedule.timezone),
    schedules.map((schedule) => schedule.nextTimeUs),
    schedules.map((schedule) => schedule.catchUp),
  ]);
}

/** Stops the declarative schedules of all tasks but these. */
export async function dropUndeclaredSchedules(
  tx: Queryable,
  environmentId: string,
  taskIds: readonly string[],
): Promise<void> {
  await tx.query(DROP_UNDECLARED_SCHEDULES, [environmentId, taskIds]);
}
