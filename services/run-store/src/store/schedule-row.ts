import type { catchUp } from "./schema/environments.ts";
import type { scheduleType } from "./schema/schedules.ts";
import { microseconds } from "./sql.ts";

/** A schedule; moments in microseconds since 1970. */
export interface ScheduleRow {
  readonly environment_id: string;
  readonly id: string;
  readonly task_id: string;
  readonly type: (typeof scheduleType.enumValues)[number];
  readonly cron: string;
  readonly timezone: string;
  readonly catch_up: (typeof catchUp.enumValues)[number];
  readonly deduplication_key: string;
  readonly external_id: string;
  /** The switch in people's hands. */
  readonly is_active: boolean;
  /** False while the current deployment does not declare a declarative one. */
  readonly is_declared: boolean;
  readonly next_time_us: number | null;
  readonly last_time_us: number | null;
  readonly create_time_us: number;
}

/** Of `schedules s`. */
export const SCHEDULE_COLUMNS = `s.environment_id, s.id, s.task_id, s.type, s.cron, s.timezone, s.catch_up, s.deduplication_key, s.external_id, s.is_active, s.is_declared,
  ${microseconds("s.next_time")} AS next_time_us, ${microseconds("s.last_time")} AS last_time_us, ${microseconds("s.create_time")} AS create_time_us`;
