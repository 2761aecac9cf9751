import type { Run } from "@windlass/proto";
import { type AnyBatchItem, sendBatch } from "../client/batch-trigger.ts";
import { connectionOfAttempt } from "../client/connection.ts";
import type { TriggerOptions } from "../client/trigger-options.ts";
import { triggerChild } from "../client/trigger-task.ts";
import type { TaskRunResult } from "../task/task-types.ts";
import { duringWait, suspend } from "./attempt-wait.ts";
import { taskRunResultFromProto } from "./task-run-result.ts";

/** What became of a batch that was waited for, stripped of its types. */
export interface AnyBatchResult {
  readonly id: string;
  readonly runs: readonly TaskRunResult<string, unknown>[];
}

/**
 * Triggers a task and suspends the attempt until that run is over. Throws WindlassError when it cannot be triggered, and an Error outside of a run or
 * while another wait of the attempt is under way.
 */
export function triggerTaskAndWait(
  taskId: string,
  payload: unknown,
  options: TriggerOptions | undefined,
): Promise<TaskRunResult<string, unknown>> {
  return duringWait("triggerAndWait", async (attempt) => {
    const { id } = await triggerChild(taskId, payload, options);
    await suspend(attempt, { type: "task", runId: id });
    const run = await endOf(id, attempt.signal);
    return taskRunResultFromProto(taskId, run);
  });
}

/** The same for several tasks at once; results are in the items' order. */
export function triggerBatchAndWait(items: readonly AnyBatchItem[]): Promise<AnyBatchResult> {
  return duringWait("batchTriggerAndWait", async (attempt) => {
    const { batchId, runs } = await sendBatch(connectionOfAttempt, items);
    if (runs.length === 0) return { id: batchId, runs: [] };
    // Items with one idempotency key are one run.
    const runIds = [...new Set(runs.map(({ id }) => id))];
    await suspend(attempt, { type: "batch", batchId, runCount: runs.length, runIds });
    const ended = await Promise.all(runs.map(({ id }) => endOf(id, attempt.signal)));
    return {
      id: batchId,
      runs: runs.map(({ taskIdentifier }, index) => taskRunResultFromProto(taskIdentifier, ended[index]!)),
    };
  });
}

/** Asked after the run was resumed, so answered at once. A cancel that comes first rejects with its own reason. */
async function endOf(runId: string, signal: AbortSignal): Promise<Run> {
  try {
    return await connectionOfAttempt().ends.wait(runId, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
