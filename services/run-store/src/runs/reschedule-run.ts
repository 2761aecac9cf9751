import type { Run } from "@windlass/proto";
import { dueRun } from "../conversions/due-item.ts";
import { runToProto } from "../conversions/run-to-proto.ts";
import { queueDueRuns, type QueueDueRunsOptions } from "../due/queue-due-runs.ts";
import { runNotDelayed, runNotFound } from "../failures.ts";
import * as store from "../store/reschedule-run.ts";
import { selectRunRow } from "../store/select-run-row.ts";

/**
 * Moves the start time of a DELAYED run; one that has passed queues it now. Idempotent while the run is DELAYED. The scheduler hears of the new time, and when it comes at the old
 * one is told the new. Throws RUN_NOT_FOUND, and RUN_NOT_DELAYED.
 */
export async function rescheduleRun(
  options: QueueDueRunsOptions,
  move: { readonly environmentId: string; readonly runId: string; readonly startTimeUs: number },
): Promise<Run> {
  const { postgres, feed } = options;
  const { environmentId, runId, startTimeUs } = move;
  const dueInMs = await store.rescheduleRun(postgres, environmentId, runId, startTimeUs);
  if (dueInMs !== undefined) {
    if (dueInMs > 0) feed.due.publish([dueRun(environmentId, runId, dueInMs)]);
    else await queueDueRuns(options, [{ environmentId, runId }]);
  }
  const row = await selectRunRow(postgres, environmentId, runId);
  if (row === undefined) throw runNotFound(runId);
  if (dueInMs === undefined) throw runNotDelayed(runId, row.status);
  return runToProto(row);
}
