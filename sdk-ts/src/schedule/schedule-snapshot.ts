import { type Schedule, ScheduleType } from "@windlass/proto";
import { present } from "../client/present.ts";
import { dateOf } from "../client/run-snapshot.ts";
import { type CatchUpName, catchUpFromProto } from "./catch-up.ts";
import type { ScheduleTypeName } from "./schedule-tick.ts";

/** A schedule as it was at one moment. */
export interface ScheduleSnapshot {
  readonly id: string;
  readonly type: ScheduleTypeName;
  /** The id of the task that it triggers. */
  readonly task: string;
  /** Five fields. */
  readonly cron: string;
  readonly timezone: string;
  /** What becomes of ticks that a downtime missed. */
  readonly catchUp: CatchUpName;
  /** False: it does not tick. */
  readonly active: boolean;
  /** Absent for declarative ones. */
  readonly deduplicationKey?: string;
  readonly externalId?: string;
  /** When it ticks next; absent while it is not active. */
  readonly nextRun?: Date;
  /** When it ticked last; absent before. */
  readonly lastRun?: Date;
  readonly createdAt: Date;
}

export function scheduleSnapshotFromProto(schedule: Schedule): ScheduleSnapshot {
  return {
    id: schedule.id,
    type: schedule.type === ScheduleType.DECLARATIVE ? "DECLARATIVE" : "IMPERATIVE",
    task: schedule.taskId,
    cron: schedule.cron?.expression ?? "",
    timezone: schedule.cron?.timezone || "UTC",
    catchUp: catchUpFromProto(schedule.cron?.catchUp),
    active: schedule.isActive,
    createdAt: dateOf(schedule.createTime) ?? new Date(0),
    ...present({
      deduplicationKey: schedule.deduplicationKey || undefined,
      externalId: schedule.externalId || undefined,
      nextRun: dateOf(schedule.nextTime),
      lastRun: dateOf(schedule.lastTime),
    }),
  };
}
