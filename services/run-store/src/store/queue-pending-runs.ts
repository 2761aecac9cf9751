import type { Queryable, Statement } from "@windlass/chassis";
import type { TaskKey } from "./list-pending-tasks.ts";
import type { DueRunRow } from "./queue-due-runs.ts";
import { FIRST_QUEUE_TIME, isRun, microseconds, OUTBOX_ID, outboxRow } from "./sql.ts";

// SKIP LOCKED: a run that somebody else is promoting or canceling needs nothing from us.
const QUEUE_PENDING_RUNS: Statement = {
  name: "queue_pending_runs",
  text: `
WITH ready AS MATERIALIZED (
  SELECT r.environment_id, r.id, d.queue, d.max_attempts, d.machine
  FROM environments e
  JOIN deployment_tasks d ON d.environment_id = e.id AND d.deployment_id = e.current_deployment_id AND d.task_id = $2
  JOIN runs r ON r.environment_id = e.id AND r.task_id = d.task_id AND r.status = 'PENDING_VERSION'
  WHERE e.id = $1
  ORDER BY r.id
  LIMIT $3
  FOR UPDATE OF r SKIP LOCKED
), run AS (
  UPDATE runs r SET
    status = 'QUEUED', revision = r.revision + 1, queue = coalesce(r.queue, i.queue), max_attempts = coalesce(r.max_attempts, i.max_attempts),
    queue_time = ${FIRST_QUEUE_TIME}, event_seq = r.event_seq + 1
  FROM ready i
  WHERE ${isRun("i.environment_id", "i.id")}
  RETURNING r.environment_id, r.id, r.task_id, r.queue, r.queue_time, r.traceparent, r.concurrency_key, coalesce(r.machine, i.machine) AS machine, r.revision, r.event_seq
), event AS (
  INSERT INTO run_events (environment_id, run_id, first_seq, count, status, attempt_number, time)
  SELECT environment_id, id, event_seq, 1, 'QUEUED', 0, now() FROM run
), notice AS (
  ${outboxRow("$4")}
)
SELECT environment_id, id, task_id, 'QUEUED' AS status, queue, ${microseconds("queue_time")} AS queue_time_us, traceparent, NULL::text AS supervisor_id, concurrency_key, machine, revision::float8, event_seq::float8, ${OUTBOX_ID}
FROM run ORDER BY id`,
};

/** Queues up to `limit` runs that wait for a task which the environment's current version has, oldest first. None when it does not have it. */
export function queuePendingRuns(
  db: Queryable,
  task: TaskKey,
  options: { readonly limit: number; readonly announce: boolean },
): Promise<DueRunRow[]> {
  return db.query<DueRunRow>(QUEUE_PENDING_RUNS, [task.environmentId, task.taskId, options.limit, options.announce]);
}
