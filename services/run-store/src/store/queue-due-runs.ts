import type { Queryable, Statement } from "@windlass/chassis";
import type { QueuedRow } from "./list-queued-runs.ts";
import { isRun, microseconds, OUTBOX_ID, outboxRow } from "./sql.ts";

/** A run whose moment came. */
export interface DueRunRow extends QueuedRow {
  readonly revision: number;
  readonly event_seq: number;
  readonly outbox_id: number | null;
}

export const QUEUE_DUE_RUNS: Statement = {
  name: "queue_due_runs",
  text: `
WITH run AS (
  UPDATE runs r SET status = 'QUEUED', revision = r.revision + 1, due_time = NULL, queue_time = now(), event_seq = r.event_seq + 1
  FROM unnest($1::text[], $2::text[]) AS i (environment_id, run_id)
  WHERE ${isRun("i.environment_id", "i.run_id")} AND (r.due_time <= now()) IS TRUE
  RETURNING r.environment_id, r.id, r.task_id, r.queue, r.queue_time, r.traceparent, r.attempt_number, r.revision, r.event_seq
), event AS (
  INSERT INTO run_events (environment_id, run_id, first_seq, count, status, attempt_number, time)
  SELECT environment_id, id, event_seq, 1, 'QUEUED', attempt_number, now() FROM run
), notice AS (
  ${outboxRow("$3")}
)
SELECT environment_id, id, task_id, queue, ${microseconds("queue_time")} AS queue_time_us, traceparent, revision::float8, event_seq::float8, ${OUTBOX_ID}
FROM run`,
};

/**
 * Queues those of the runs whose due time has come by the database's clock; only RETRYING and DELAYED runs have one. Others are left alone.
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
