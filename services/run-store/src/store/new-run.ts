import { byteaArray } from "@windlass/chassis";
import { outboxRow } from "./sql.ts";
import { arrayLiteral } from "./tags-sql.ts";

/** A run to be stored. Most triggers say no more; what options add is insert-described-runs.ts's, so that they cost nothing here. */
export interface NewRun {
  readonly environmentId: string;
  readonly runId: string;
  readonly requestId: string;
  readonly taskId: string;
  readonly payload: Uint8Array;
  readonly payloadType: string;
  /** Null for the task's own. */
  readonly queue: string | null;
  /** Null for the task's own. */
  readonly maxAttempts: number | null;
  readonly tags: readonly string[];
  readonly isTest: boolean;
  readonly traceparent: string;
}

/** The parameters of a statement that newRunValues gives: a column each, but for $12. */
export const NEW_RUN_PARAMETERS =
  "$1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::text[], $8::int[], $9::text[], $10::bool[], $11::text[]";

/** What those columns are called. */
export const NEW_RUN_COLUMNS =
  "environment_id, run_id, request_id, task_id, payload, payload_type, queue, max_attempts, tags, is_test, traceparent";

/** The first timeline entry of every row of `run`, and the outbox row of them all. */
export const BEGIN_TIMELINES = `event AS (
  INSERT INTO run_events (environment_id, run_id, first_seq, count, status, attempt_number, time)
  SELECT environment_id, id, 1, 1, status, 0, now() FROM run
), notice AS (
  ${outboxRow("$12")}
)`;

/** Runs to be stored as the first twelve parameters of a statement. Further ones may be pushed. */
export function newRunValues(runs: readonly NewRun[], announce: boolean): unknown[] {
  return [
    runs.map((run) => run.environmentId),
    runs.map((run) => run.runId),
    runs.map((run) => run.requestId),
    runs.map((run) => run.taskId),
    byteaArray(runs.map((run) => run.payload)),
    runs.map((run) => run.payloadType),
    runs.map((run) => run.queue),
    runs.map((run) => run.maxAttempts),
    runs.map((run) => arrayLiteral(run.tags)),
    runs.map((run) => run.isTest),
    runs.map((run) => run.traceparent),
    announce,
  ];
}
