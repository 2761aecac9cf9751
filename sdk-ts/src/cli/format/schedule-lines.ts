import type { ScheduleSnapshot } from "../../schedule/schedule-snapshot.ts";
import type { Output } from "../output.ts";
import { factLines, headedTable } from "./fact-lines.ts";
import { oneLine } from "./plain-text.ts";
import { tableLines } from "./table.ts";

/** A table of schedules, newest first. */
export function scheduleTable(schedules: readonly ScheduleSnapshot[], style: Output["style"]): string[] {
  const rows = schedules.map((schedule) => [
    schedule.id,
    oneLine(schedule.task, 60),
    schedule.cron,
    schedule.timezone,
    schedule.active ? (schedule.nextRun?.toISOString() ?? "") : "not active",
    schedule.type.toLowerCase(),
  ]);
  return headedTable(tableLines([["ID", "TASK", "CRON", "TIMEZONE", "NEXT", "TYPE"], ...rows]), style);
}

/** Everything about one schedule. */
export function scheduleLines(schedule: ScheduleSnapshot, style: Output["style"]): string[] {
  const { deduplicationKey, externalId } = schedule;
  return factLines(
    [
      ["schedule", schedule.id],
      ["type", schedule.type.toLowerCase()],
      ["task", oneLine(schedule.task)],
      ["cron", schedule.cron],
      ["timezone", schedule.timezone],
      ["catch up", schedule.catchUp],
      ["active", schedule.active ? "yes" : style("yellow", "no")],
      ["next", schedule.nextRun?.toISOString()],
      ["last", schedule.lastRun?.toISOString()],
      ["key", deduplicationKey === undefined ? undefined : oneLine(deduplicationKey)],
      ["external id", externalId === undefined ? undefined : oneLine(externalId)],
      ["created", schedule.createdAt.toISOString()],
    ],
    style,
  );
}
