import type { Queryable, Statement } from "@windlass/chassis";
import type { QueuedRow } from "./list-queued-runs.ts";
import { machineColumn } from "./run-row.ts";
import { isRun, microseconds, OUTBOX_ID, outboxRow } from "./sql.ts";
import { nextStatusSql } from "./state-sql.ts";

/** A run whose moment came. */
export interface DueRunRow extends Omit<QueuedRow, "queue"> {
  readonly status: "QUEUED" | "PENDING_VERSION";
  /** Null when it is PENDING_VERSION, unless its trigger named one. */
  readonly queue: string | null;
  readonly revision: number;
  readonly event_seq: number;
  readonly outbox_id: number | null;
}

/** A run can have been delayed before any version knew its task; only then it lacks a queue. */
const NEXT = `CASE WHEN num_nonnulls(r.queue, r.max_attempts) = 2 THEN ${nextStatusSql("come due")} ELSE ${nextStatusSql("come due without version")} END`;

/**
 * Its moment, not now: what came due while nobody looked keeps its order. A priority counts when a run is first queued (until then `queue_time` is as far before `create_time` as its
 * trigger says); a repeated attempt goes behind what waits.
 */
const FIRST_OR_NEXT_QUEUE_TIME = `CASE WHEN r.status = 'DELAYED' THEN r.due_time - (r.create_time - r.queue_time) ELSE r.due_time END`;

export const QUEUE_DUE_RUNS: Statement = {
  name: "queue_due_runs",
  text: `
WITH run AS (
  UPDATE runs r SET status = ${NEXT}, revision = r.revision + 1, due_time = NULL, queue_time = ${FIRST_OR_NEXT_QUEUE_TIME}, event_seq = r.event_seq + 1
  FROM unnest($1::text[], $2::text[]) AS i (environment_id, run_id)
  WHERE ${isRun("i.environment_id", "i.run_id")} AND (r.due_time <= now()) IS TRUE
  RETURNING r.environment_id, r.id, r.task_id, r.queue, r.status, r.queue_time, r.traceparent, r.concurrency_key, ${machineColumn()}, r.attempt_number, r.revision, r.event_seq
), event AS (
  INSERT INTO run_events (environment_id, run_id, first_seq, count, status, attempt_number, time)
  SELECT environment_id, id, event_seq, 1, status, attempt_number, now() FROM run
), notice AS (
  ${outboxRow("$3")}
)
SELECT environment_id, id, task_id, status, queue, ${microseconds("queue_time")} AS queue_time_us, traceparent, NULL::text AS supervisor_id, concurrency_key, machine, revision::float8, event_seq::float8, ${OUTBOX_ID}
FROM run`,
};

/**
 * Queues those of the runs whose due time has come by the database's clock; only RETRYING and DELAYED runs have one. Others are left alone. One that no version knows yet becomes
 * PENDING_VERSION.
 * Sort by (environment, run).
 */
export function queueDueRuns(
  db: Queryable,
  runs: readonly { readonly environmentId: string; readonly runId: string }[],
  announce: boolean,
): Promise<DueRunRow[]> {
  return db.query<DueRunRow>(QUEUE_DUE_RUNS, [
    runs.map((run) => run.environmentId),
    runs.map((run) => run.runId),
    announce,
  ]);
}
