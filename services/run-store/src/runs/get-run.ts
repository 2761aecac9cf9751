import type { Attempt, Hold, Run } from "@windlass/proto";
import { attemptToProto } from "../conversions/attempt-to-proto.ts";
import { contentToProto, endToProto, runToProto } from "../conversions/run-to-proto.ts";
import { runNotFound } from "../failures.ts";
import { selectAttempts } from "../store/select-attempts.ts";
import { selectRun } from "../store/select-run.ts";
import { explainHold, type ExplainHoldOptions } from "./explain-hold.ts";

/** Beside a payload of 3 MB and an output of 10 MB there is room for 2 MB in a message of 16. */
const MAX_DETAIL_BYTES = 2 * 1024 * 1024;

/**
 * Reads a run with everything it carries, its ended attempts, and why it does not execute; of very many large ones the earliest come without error and hooks, which are in the timeline.
 * Throws RUN_NOT_FOUND.
 */
export async function getRun(
  options: ExplainHoldOptions,
  environmentId: string,
  runId: string,
): Promise<{ run: Run; attempts: Attempt[]; hold?: Hold }> {
  const { db } = options;
  const row = await selectRun(db, environmentId, runId);
  if (row === undefined) throw runNotFound(runId);
  // The run may have gone on since it was read: attempts that had not ended by then are left out, so that run and attempts tell of one moment.
  const upTo = row.has_lease ? row.attempt_number - 1 : row.attempt_number;
  const attempts = await selectAttempts(db, environmentId, runId, { upTo, maxDetailBytes: MAX_DETAIL_BYTES });
  const last = attempts.at(-1);
  const hold = await explainHold(options, environmentId, row);
  return {
    run: runToProto(row, {
      payload: contentToProto(row.payload, row.payload_type),
      metadata: contentToProto(row.metadata, row.metadata_type),
      ...(last !== undefined && endToProto(row.status, last)),
    }),
    attempts: attempts.map(attemptToProto),
    ...(hold !== undefined && { hold }),
  };
}
