import { byteaArray, type Queryable, type Statement } from "@windlass/chassis";
import type { InsertedRun } from "./insert-runs.ts";
import { BEGIN_TIMELINES, NEW_RUN_COLUMNS, NEW_RUN_PARAMETERS, type NewRun, newRunValues } from "./new-run.ts";
import { machineColumn } from "./run-row.ts";
import { lookUp, microseconds, momentFromMicroseconds, OUTBOX_ID } from "./sql.ts";

/** A run to be stored of which the trigger says more than most do. */
export interface NewDescribedRun extends NewRun {
  /** An encoded windlass.v1.RunOptions without metadata. */
  readonly options: Uint8Array | null;
  readonly parentRunId: string | null;
  readonly replayOfRunId: string | null;
  readonly batchId: string | null;
  /** To be pinned to; null for the current one. */
  readonly version: string | null;
  /** Null for the task's own. */
  readonly machine: string | null;
  /** It is DELAYED until then; null: it is not. */
  readonly startTimeUs: number | null;
  /** A JSON object. */
  readonly metadata: Uint8Array | null;
  /** It is EXPIRED so long after its start time unless it has started; null: never. */
  readonly ttlMs: number | null;
  /** Null: none. */
  readonly concurrencyKey: string | null;
  /** By so many seconds it goes ahead of its time in its queue. */
  readonly prioritySeconds: number;
  /** The schedule that triggers it; null: none. */
  readonly scheduleId: string | null;
}

/** Why a run was not stored: its environment has no such parent, or version, or the version has no such task. */
export type InsertProblem = "parent" | "version" | "task";

/** A run that was stored, or the problem. */
export type DescribedRow =
  | (InsertedRun & { readonly problem: null })
  | { readonly id: string; readonly problem: InsertProblem };

// The parents are locked first: a cancel of a parent either waits, and then finds this child, or is seen here, and the child is CANCELED from the start (I5).
// The contents go next, as in insert_runs.
export const INSERT_DESCRIBED_RUNS: Statement = {
  name: "insert_described_runs",
  text: `
WITH item AS MATERIALIZED (
  SELECT * FROM unnest(${NEW_RUN_PARAMETERS},
      $13::bytea[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::float8[], $20::bytea[], $21::float8[], $22::text[], $23::text[], $24::float8[]) WITH ORDINALITY
    AS t (${NEW_RUN_COLUMNS},
      options, parent_run_id, replay_of_run_id, batch_id, version, machine, start_time_us, metadata, ttl_ms, schedule_id, concurrency_key, priority_s, position)
), parent AS MATERIALIZED (
  SELECT r.environment_id, r.id, r.status, coalesce(c.root_run_id, r.id) AS root_run_id
  FROM (SELECT DISTINCT environment_id, parent_run_id FROM item WHERE parent_run_id IS NOT NULL ORDER BY environment_id, parent_run_id) i
  JOIN runs r ON ${lookUp("r.environment_id", "i.environment_id")} AND ${lookUp("r.id", "i.parent_run_id")}
  JOIN run_contents c ON ${lookUp("c.environment_id", "i.environment_id")} AND ${lookUp("c.run_id", "i.parent_run_id")}
  FOR SHARE OF r
), known AS MATERIALIZED (
  SELECT i.*, p.status AS parent_status, p.root_run_id, v.id AS pinned_id, d.task_id IS NOT NULL AS has_version, d.queue AS task_queue,
    d.max_attempts AS task_max_attempts, ${momentFromMicroseconds("i.start_time_us")} AS start_at,
    CASE
      WHEN i.parent_run_id IS NOT NULL AND p.id IS NULL THEN 'parent'
      WHEN i.version IS NOT NULL AND v.id IS NULL THEN 'version'
      WHEN i.version IS NOT NULL AND d.task_id IS NULL THEN 'task'
    END AS problem
  FROM item i
  JOIN environments e ON ${lookUp("e.id", "i.environment_id")}
  LEFT JOIN parent p ON p.environment_id = i.environment_id AND p.id = i.parent_run_id
  LEFT JOIN deployments v ON ${lookUp("v.environment_id", "e.id")} AND ${lookUp("v.version", "i.version")}
  LEFT JOIN deployment_tasks d
    ON ${lookUp("d.environment_id", "e.id")} AND ${lookUp("d.deployment_id", "coalesce(v.id, e.current_deployment_id)")} AND ${lookUp("d.task_id", "i.task_id")}
), content AS (
  INSERT INTO run_contents (environment_id, run_id, request_id, payload, payload_type, options, parent_run_id, root_run_id, replay_of_run_id, batch_id, pinned_deployment_id, schedule_id)
  SELECT environment_id, run_id, request_id, payload, payload_type, options, parent_run_id, root_run_id, replay_of_run_id, batch_id, pinned_id, schedule_id
  FROM known WHERE problem IS NULL ORDER BY position
  ON CONFLICT (environment_id, request_id) WHERE request_id <> '' DO NOTHING
  RETURNING run_id
), fresh AS MATERIALIZED (
  SELECT *, CASE
      WHEN parent_status = 'CANCELING' OR parent_status = 'CANCELED' THEN 'CANCELED'::run_status
      WHEN start_at > now() THEN 'DELAYED'
      WHEN has_version THEN 'QUEUED'
      ELSE 'PENDING_VERSION'
    END AS status
  FROM known WHERE (run_id IN (SELECT run_id FROM content)) IS TRUE
), run AS (
  INSERT INTO runs AS r (environment_id, id, task_id, status, revision, queue, deployment_id, attempt_number, max_attempts, create_time, queue_time, due_time, expire_time,
    finish_time, cancel_request_time, cancel_reason, machine, concurrency_key, event_seq, tags, is_test, traceparent)
  SELECT environment_id, run_id, task_id, status, 1, coalesce(queue, task_queue), pinned_id, 0, coalesce(max_attempts, task_max_attempts), now(), now() - priority_s * interval '1 second',
    CASE WHEN status = 'DELAYED' THEN start_at END,
    CASE WHEN status <> 'CANCELED' THEN CASE WHEN status = 'DELAYED' THEN start_at ELSE now() END + ttl_ms * interval '1 millisecond' END, CASE WHEN status = 'CANCELED' THEN now() END, CASE WHEN status = 'CANCELED' THEN now() END,
    CASE WHEN status = 'CANCELED' THEN 'The run that triggered it was canceled.' END, machine, concurrency_key, 1, tags::text[], is_test, traceparent
  FROM fresh ORDER BY position
  RETURNING r.environment_id, r.id, r.status, r.queue, r.queue_time, r.due_time, r.expire_time, ${machineColumn()}
), batch AS (
  INSERT INTO batches (environment_id, id, create_time)
  SELECT DISTINCT environment_id, batch_id, now() FROM fresh WHERE batch_id IS NOT NULL ORDER BY environment_id, batch_id
  ON CONFLICT DO NOTHING
), described AS (
  INSERT INTO run_metadata (environment_id, run_id, metadata, metadata_type, update_time)
  SELECT environment_id, run_id, metadata, 'application/json', now() FROM fresh WHERE metadata IS NOT NULL
), ${BEGIN_TIMELINES}
SELECT id, status, queue, ${microseconds("queue_time")} AS queue_time_us, machine, ceil(date_part('epoch', due_time - now()) * 1000) AS due_in_ms,
  ceil(date_part('epoch', expire_time - now()) * 1000) AS expire_in_ms, ${OUTBOX_ID}, NULL AS problem
FROM run
UNION ALL
SELECT run_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, problem FROM known WHERE problem IS NOT NULL`,
};

/**
 * Stores runs as insertRuns does, with all that a trigger can say: each QUEUED, DELAYED until its start time, PENDING_VERSION when the environment's current version lacks its task,
 * or CANCELED when its parent is canceled or being canceled. Returns those stored, and those with a problem, of which nothing is stored; a run that is missing from the answer has
 * a request id that another run already has. Sort by (environment, request id).
 */
export function insertDescribedRuns(
  db: Queryable,
  runs: readonly NewDescribedRun[],
  announce: boolean,
): Promise<DescribedRow[]> {
  const values = newRunValues(runs, announce);
  values.push(
    byteaArray(runs.map((run) => run.options)),
    runs.map((run) => run.parentRunId),
    runs.map((run) => run.replayOfRunId),
    runs.map((run) => run.batchId),
    runs.map((run) => run.version),
    runs.map((run) => run.machine),
    runs.map((run) => run.startTimeUs),
    byteaArray(runs.map((run) => run.metadata)),
    runs.map((run) => run.ttlMs),
    runs.map((run) => run.scheduleId),
    runs.map((run) => run.concurrencyKey),
    runs.map((run) => run.prioritySeconds),
  );
  return db.query<DescribedRow>(INSERT_DESCRIBED_RUNS, values);
}
