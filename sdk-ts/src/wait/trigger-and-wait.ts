import type { Run } from "@windlass/proto";
import { type AnyBatchItems, type ItemOutcome, sendBatch } from "../client/batch-trigger.ts";
import { connectionOfAttempt } from "../client/connection.ts";
import type { TriggerOptions } from "../client/trigger-options.ts";
import { triggerChild } from "../client/trigger-task.ts";
import type { ActiveAttempt } from "../task/active-attempt.ts";
import type { PayloadParser } from "../task/payload-parser.ts";
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
  parse?: PayloadParser,
): Promise<TaskRunResult<string, unknown>> {
  return duringWait("triggerAndWait", async (attempt) => {
    const { id } = await triggerChild(taskId, payload, { options, parse, version: attempt.ctx.run.version });
    await suspend(attempt, { type: "task", runId: id });
    const run = await endOf(id, attempt.signal);
    return taskRunResultFromProto(taskId, run);
  });
}

/** As many as one wait can name beside its batch. */
const MAX_NAMED_RUNS = 1_000;
/** How many results are asked for at once. */
const RESULTS_AT_ONCE = 1_000;

/** The same for up to 100,000 runs; results are in the items' order. An item that did not become a run is not ok. */
export function triggerBatchAndWait(batch: AnyBatchItems): Promise<AnyBatchResult> {
  return duringWait("batchTriggerAndWait", async (attempt) => {
    const { batchId, outcomes } = await sendBatch(connectionOfAttempt, batch, attempt.ctx.run.version);
    await suspendForBatch(attempt, batchId, outcomes);
    const runs: TaskRunResult<string, unknown>[] = [];
    for (let start = 0; start < outcomes.length; start += RESULTS_AT_ONCE) {
      const some = outcomes.slice(start, start + RESULTS_AT_ONCE);
      runs.push(...(await Promise.all(some.map((outcome) => resultOf(outcome, attempt.signal)))));
    }
    return { id: batchId, runs };
  });
}

/**
 * Once for all runs of the batch. Those that were made by other triggers with the same idempotency keys have to be named: beyond 1,000 of them the attempt
 * is suspended again for the next 1,000.
 */
async function suspendForBatch(
  attempt: ActiveAttempt,
  batchId: string,
  outcomes: readonly ItemOutcome[],
): Promise<void> {
  const stored = outcomes.filter((outcome) => outcome.ok);
  if (stored.length === 0) return;
  const others = [...new Set(stored.flatMap(({ run, isOfBatch }) => (isOfBatch ? [] : [run.id])))];
  for (let start = 0; start === 0 || start < others.length; start += MAX_NAMED_RUNS) {
    const runIds = others.slice(start, start + MAX_NAMED_RUNS);
    await suspend(attempt, { type: "batch", batchId, runCount: stored.length, runIds });
  }
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
