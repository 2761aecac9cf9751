import type { Queryable } from "@windlass/chassis";
import type { DueItem } from "@windlass/proto";
import { dueSchedule } from "../conversions/due-item.ts";
import { newResourceId } from "../resource-id.ts";
import { declareSchedules, dropUndeclaredSchedules } from "../store/declare-schedules.ts";
import { selectNowMs } from "../store/select-now.ts";
import type { ParsedTaskDefinition } from "../validation/deployment-requests.ts";
import { nextTickUs } from "./next-tick.ts";

/**
 * Makes an environment's declarative schedules what the version that becomes current declares, in the transaction that makes it so. A task's schedule keeps its id however often it
 * changes; one that is not declared any more does not tick, until it is declared again; one that somebody switched off stays so. Returns their next ticks, to be told after the commit.
 */
export async function syncSchedules(
  tx: Queryable,
  environmentId: string,
  tasks: readonly Pick<ParsedTaskDefinition, "id" | "cron">[],
  clockMs: number,
): Promise<DueItem[]> {
  const declared = tasks.flatMap(({ id, cron }) => (cron === null ? [] : [{ taskId: id, cron }]));
  await dropUndeclaredSchedules(
    tx,
    environmentId,
    declared.map(({ taskId }) => taskId),
  );
  if (declared.length === 0) return [];
  const nowMs = await selectNowMs(tx);
  const rows = await declareSchedules(
    tx,
    environmentId,
    declared.map(({ taskId, cron }) => ({
      id: newResourceId("sched", clockMs),
      taskId,
      cron: cron.expression,
      timezone: cron.timezone,
      catchUp: cron.catchUp,
      nextTimeUs: nextTickUs(cron, nowMs),
    })),
  );
  return rows.flatMap((row) =>
    row.next_time_us === null ? [] : [dueSchedule(environmentId, row.id, row.next_time_us / 1_000 - nowMs)],
  );
}
