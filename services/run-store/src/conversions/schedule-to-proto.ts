import { type Schedule, ScheduleType } from "@windlass/proto";
import type { ScheduleRow } from "../store/schedule-row.ts";
import { cronToProto } from "./cron-to-proto.ts";
import { optionalTimestamp, timestampFromMicroseconds } from "./moments.ts";

/** A schedule; the key of a declarative one, which is its task's, is not shown. */
export function scheduleToProto(row: ScheduleRow): Schedule {
  return {
    $typeName: "windlass.v1.Schedule",
    id: row.id,
    taskId: row.task_id,
    type: ScheduleType[row.type],
    cron: cronToProto(row.cron, row.timezone, row.catch_up),
    deduplicationKey: row.type === "DECLARATIVE" ? "" : row.deduplication_key,
    externalId: row.external_id,
    isActive: row.is_active && row.is_declared,
    nextTime: optionalTimestamp(row.next_time_us),
    lastTime: optionalTimestamp(row.last_time_us),
    createTime: timestampFromMicroseconds(row.create_time_us),
  };
}
