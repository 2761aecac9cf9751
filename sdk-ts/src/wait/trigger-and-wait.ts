import type { Run } from "@windlass/proto";
import { type AnyBatchItems, type ItemOutcome, sendBatch } from "../client/batch-trigger.ts";
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

/** As many as one wait can name. */
const MAX_WAITED_RUNS = 1_000;

/** The same for several tasks at once, at most 1,000; results are in the items' order. An item that did not become a run is not ok. */
export function triggerBatchAndWait(batch: AnyBatchItems): Promise<AnyBatchResult> {
  return duringWait("batchTriggerAndWait", async (attempt) => {
    const { batchId, outcomes } = await sendBatch(connectionOfAttempt, batch, MAX_WAITED_RUNS);
    const stored = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.run.id] : []));
    // Items with one idempotency key are one run.
    const runIds = [...new Set(stored)];
    if (runIds.length > 0) {
      await suspend(attempt, { type: "batch", batchId, runCount: stored.length, runIds });
    }
    return { id: batchId, runs: await Promise.all(outcomes.map((outcome) => resultOf(outcome, attempt.signal))) };
  });
}

async function resultOf(outcome: ItemOutcome, signal: AbortSignal): Promise<TaskRunResult<string, unknown>> {
  if (outcome.ok) return taskRunResultFromProto(outcome.run.taskIdentifier, await endOf(outcome.run.id, signal));
  return { ok: false, id: "", taskIdentifier: outcome.taskIdentifier, error: outcome.error };
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
