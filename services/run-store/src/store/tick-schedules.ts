import type { Queryable, Statement } from "@windlass/chassis";
import { SCHEDULE_COLUMNS, type ScheduleRow } from "./schedule-row.ts";
import { lookUp, microseconds, momentFromMicroseconds } from "./sql.ts";

/** Which schedule of which environment. */
export interface ScheduleRef {
  readonly environmentId: string;
  readonly scheduleId: string;
}

/** A schedule whose moment has come. */
export interface DueScheduleRow extends ScheduleRow {
  readonly next_time_us: number;
  readonly now_us: number;
  /** Whether the current version has its task. */
  readonly has_task: boolean;
}

/** Where a tick leaves its schedule. */
export interface TickedSchedule extends ScheduleRef {
  readonly nextTimeUs: number | null;
  readonly lastTimeUs: number | null;
}

/** Looks `schedules s` up by key. */
function isSchedule(environmentId: string, scheduleId: string): string {
  return `${lookUp("s.environment_id", environmentId)} AND ${lookUp("s.id", scheduleId)}`;
}

// Whoever comes second waits for the lock, and then sees a next_time that has not come.
export const LOCK_DUE_SCHEDULES: Statement = {
  name: "lock_due_schedules",
  text: `
SELECT ${SCHEDULE_COLUMNS}, ${microseconds("now()")} AS now_us, d.task_id IS NOT NULL AS has_task
FROM unnest($1::text[], $2::text[]) AS i (environment_id, schedule_id)
JOIN schedules s ON ${isSchedule("i.environment_id", "i.schedule_id")}
JOIN environments e ON ${lookUp("e.id", "s.environment_id")}
LEFT JOIN deployment_tasks d
  ON ${lookUp("d.environment_id", "e.id")} AND ${lookUp("d.deployment_id", "e.current_deployment_id")} AND ${lookUp("d.task_id", "s.task_id")}
WHERE (s.next_time <= now()) IS TRUE
FOR NO KEY UPDATE OF s`,
};

export const MOVE_SCHEDULES: Statement = {
  name: "move_schedules",
  text: `
UPDATE schedules s SET next_time = ${momentFromMicroseconds("i.next_time_us")}, last_time = ${momentFromMicroseconds("i.last_time_us")}
FROM unnest($1::text[], $2::text[], $3::float8[], $4::float8[]) AS i (environment_id, schedule_id, next_time_us, last_time_us)
WHERE ${isSchedule("i.environment_id", "i.schedule_id")}`,
};

export const SELECT_NEXT_TICKS: Statement = {
  name: "select_next_ticks",
  text: `
SELECT s.environment_id, s.id, ceil(date_part('epoch', s.next_time - now()) * 1000) AS due_in_ms
FROM unnest($1::text[], $2::text[]) AS i (environment_id, schedule_id)
JOIN schedules s ON ${isSchedule("i.environment_id", "i.schedule_id")}
WHERE (s.next_time IS NULL) IS FALSE`,
};

const columns = (refs: readonly ScheduleRef[]): string[][] => [
  refs.map((ref) => ref.environmentId),
  refs.map((ref) => ref.scheduleId),
];

/** Those of the schedules whose moment has come by the database's clock; they change no more until the transaction ends. Sort by (environment, schedule). */
export function lockDueSchedules(tx: Queryable, refs: readonly ScheduleRef[]): Promise<DueScheduleRow[]> {
  return tx.query<DueScheduleRow>(LOCK_DUE_SCHEDULES, columns(refs));
}

/** Moves locked schedules on. */
export async function moveSchedules(tx: Queryable, ticked: readonly TickedSchedule[]): Promise<void> {
  await tx.query(MOVE_SCHEDULES, [
    ...columns(ticked),
    ticked.map((schedule) => schedule.nextTimeUs),
    ticked.map((schedule) => schedule.lastTimeUs),
  ]);
}

/** When those of the schedules that tick do so next, from now. */
export async function selectNextTicks(
  db: Queryable,
  refs: readonly ScheduleRef[],
): Promise<(ScheduleRef & { readonly dueInMs: number })[]> {
  const rows = await db.query<{ environment_id: string; id: string; due_in_ms: number }>(
    SELECT_NEXT_TICKS,
    columns(refs),
  );
  return rows.map((row) => ({ environmentId: row.environment_id, scheduleId: row.id, dueInMs: row.due_in_ms }));
}
