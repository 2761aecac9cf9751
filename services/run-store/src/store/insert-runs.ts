import type { Queryable, Statement } from "@windlass/chassis";
import { BEGIN_TIMELINES, NEW_RUN_COLUMNS, NEW_RUN_PARAMETERS, type NewRun, newRunValues } from "./new-run.ts";
import { machineColumn } from "./run-row.ts";
import { lookUp, microseconds, OUTBOX_ID } from "./sql.ts";

/** What the database decided about a stored run. */
export interface InsertedRun {
  readonly id: string;
  /** EXECUTING when it was claimed in the same statement. */
  readonly status: "QUEUED" | "EXECUTING" | "PENDING_VERSION" | "DELAYED" | "CANCELED";
  /** Null while no version says which. */
  readonly queue: string | null;
  readonly queue_time_us: number;
  /** The machine preset that it needs; null when that is not known. */
  readonly machine: string | null;
  /** Until its start time; null when it is not DELAYED. */
  readonly due_in_ms: number | null;
  /** Until it is EXPIRED; null: never. */
  readonly expire_in_ms: number | null;
  readonly outbox_id: number | null;
}

// The contents go first: their unique index decides which request ids are new (I7), and only those become runs.
// `(... IN ...) IS TRUE` is answered from a hash table; a plain IN would be a join, and the planner's guess at its size poor.
export const INSERT_RUNS: Statement = {
  name: "insert_runs",
  text: `
WITH item AS MATERIALIZED (
  SELECT * FROM unnest(${NEW_RUN_PARAMETERS}) AS t (${NEW_RUN_COLUMNS})
), content AS (
  INSERT INTO run_contents (environment_id, run_id, request_id, payload, payload_type)
  SELECT environment_id, run_id, request_id, payload, payload_type FROM item
  ON CONFLICT (environment_id, request_id) WHERE request_id <> '' DO NOTHING
  RETURNING run_id
), run AS (
  INSERT INTO runs AS r (environment_id, id, task_id, status, revision, queue, attempt_number, max_attempts, create_time, queue_time, event_seq, tags, is_test, traceparent)
  SELECT i.environment_id, i.run_id, i.task_id, CASE WHEN d.task_id IS NULL THEN 'PENDING_VERSION'::run_status ELSE 'QUEUED' END, 1,
    coalesce(i.queue, d.queue), 0, coalesce(i.max_attempts, d.max_attempts), now(), now(), 1, i.tags::text[], i.is_test, i.traceparent
  FROM item i
  JOIN environments e ON ${lookUp("e.id", "i.environment_id")}
  LEFT JOIN deployment_tasks d
    ON ${lookUp("d.environment_id", "e.id")} AND ${lookUp("d.deployment_id", "e.current_deployment_id")} AND ${lookUp("d.task_id", "i.task_id")}
  WHERE (i.run_id IN (SELECT run_id FROM content)) IS TRUE
  RETURNING r.environment_id, r.id, r.status, r.queue, ${machineColumn()}
), ${BEGIN_TIMELINES}
SELECT id, status, queue, ${microseconds("now()")} AS queue_time_us, machine, NULL AS due_in_ms, NULL AS expire_in_ms, ${OUTBOX_ID} FROM run`,
};

/**
 * Stores runs, each QUEUED, or PENDING_VERSION when the environment's current version lacks its task. Returns those stored; a run that is missing from the answer has a
 * request id that another run already has. All or nothing. Sort by (environment, request id), so that two batches with the same request ids cannot deadlock.
 */
export function insertRuns(db: Queryable, runs: readonly NewRun[], announce: boolean): Promise<InsertedRun[]> {
  return db.query<InsertedRun>(INSERT_RUNS, newRunValues(runs, announce));
}
