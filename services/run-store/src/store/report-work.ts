import { byteaArray, type Queryable, type Statement } from "@windlass/chassis";
import type { AttemptOutcomeName, RunStatusName } from "../run-state.ts";
import { isRun, microseconds, momentFromMicroseconds, OUTBOX_ID, outboxRow } from "./sql.ts";

/** Something that a lease's owner says about its run. What an item leaves out stays as it is. */
export interface WorkItem {
  readonly environmentId: string;
  readonly runId: string;
  /** The proof of ownership (I2). */
  readonly leaseToken: string;
  readonly supervisorId: string;
  /** What the run becomes if it is EXECUTING, and if it is CANCELING; null for progress, which changes no status. */
  readonly next: { readonly ifExecuting: RunStatusName; readonly ifCanceling: RunStatusName } | null;
  /** When the next attempt is due, if the run becomes RETRYING. */
  readonly retryDelayMs: number | null;
  /** True when the lease is given back unstarted: its attempt is not counted, and the version not pinned by it. */
  readonly isUnstarted: boolean;
  /** Timeline entries, an encoded windlass.v1.WatchRunResponse, and how many they are. Null when there are none. */
  readonly events: { readonly encoded: Uint8Array; readonly count: number } | null;
  /** The row that an ended attempt leaves behind (I8). */
  readonly attempt: EndedAttemptRow | null;
}

export interface EndedAttemptRow {
  readonly outcome: AttemptOutcomeName;
  readonly startTimeUs: number;
  readonly finishTimeUs: number;
  readonly output: Uint8Array | null;
  readonly outputType: string | null;
  /** An encoded windlass.v1.RunError. */
  readonly error: Uint8Array | null;
  /** An encoded windlass.v1.Attempt that has only `hooks`. */
  readonly hooks: Uint8Array | null;
}

/** A run as the report left it. */
export interface ReportedRow {
  /** Which item this is, from 1. */
  readonly position: number;
  readonly task_id: string;
  readonly status: RunStatusName;
  readonly revision: number;
  readonly queue: string;
  readonly deployment_id: string | null;
  readonly attempt_number: number;
  readonly max_attempts: number;
  readonly create_time_us: number;
  readonly queue_time_us: number;
  readonly start_time_us: number | null;
  readonly finish_time_us: number | null;
  readonly due_time_us: number | null;
  readonly cancel_request_time_us: number | null;
  readonly cancel_reason: string | null;
  readonly event_seq: number;
  readonly tags: string[];
  readonly is_test: boolean;
  readonly traceparent: string;
  readonly outbox_id: number | null;
}

const NEXT = `coalesce(CASE r.status WHEN 'EXECUTING' THEN i.if_executing ELSE i.if_canceling END, r.status)`;
const KEEPS_LEASE = `i.if_executing IS NULL`;
/** An attempt that was given back unstarted never was. */
const WAS_STARTED = `r.attempt_number > i.uncounted_attempts`;

/**
 * Progress that was stored, but whose answer was lost, is sent again: entries equal, to the nanosecond of their times, to a chunk among the run's last so many entries are
 * that chunk, and are not stored twice.
 */
const REPEAT_WINDOW = 100;

export const REPORT_WORK: Statement = {
  name: "report_work",
  text: `
WITH run AS (
  UPDATE runs r SET
    status = ${NEXT},
    revision = r.revision + 1,
    attempt_number = r.attempt_number - i.uncounted_attempts,
    start_time = CASE WHEN ${WAS_STARTED} THEN r.start_time END,
    deployment_id = CASE WHEN ${WAS_STARTED} THEN r.deployment_id END,
    lease_token = CASE WHEN ${KEEPS_LEASE} THEN r.lease_token END,
    supervisor_id = CASE WHEN ${KEEPS_LEASE} THEN r.supervisor_id END,
    claim_time = CASE WHEN ${KEEPS_LEASE} THEN r.claim_time END,
    finish_time = CASE WHEN ${NEXT} >= 'COMPLETED' THEN now() END,
    due_time = CASE WHEN ${NEXT} = 'RETRYING' THEN now() + i.retry_delay_ms * interval '1 millisecond' END,
    event_seq = r.event_seq + i.event_count + CASE WHEN ${KEEPS_LEASE} THEN 0 ELSE 1 END
  FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::run_status[], $6::run_status[], $7::int[], $8::float8[], $9::int[], $10::bytea[],
      $11::attempt_outcome[], $12::float8[], $13::float8[], $14::bytea[], $15::text[], $16::bytea[], $17::bytea[]) WITH ORDINALITY
    AS i (environment_id, run_id, lease_token, supervisor_id, if_executing, if_canceling, uncounted_attempts, retry_delay_ms, event_count, events,
      outcome, attempt_start_us, attempt_finish_us, output, output_type, error, hooks, position)
  WHERE ${isRun("i.environment_id", "i.run_id")} AND r.lease_token = i.lease_token
    AND (i.if_executing IS NOT NULL OR NOT EXISTS (
      SELECT FROM run_events e
      WHERE e.environment_id = r.environment_id AND e.run_id = r.id AND e.first_seq > r.event_seq - ${REPEAT_WINDOW} AND e.events = i.events))
  RETURNING r.*, i.position::int, i.lease_token AS reported_token, i.supervisor_id AS reporter_id, NOT (${KEEPS_LEASE}) AS changed_status,
    i.event_count, i.events, i.outcome, i.attempt_start_us, i.attempt_finish_us, i.output, i.output_type, i.error, i.hooks
), attempt AS (
  INSERT INTO attempts (environment_id, run_id, number, outcome, supervisor_id, lease_token, start_time, finish_time, output, output_type, error, hooks)
  SELECT environment_id, id, attempt_number, outcome, reporter_id, reported_token, ${momentFromMicroseconds("attempt_start_us")},
    ${momentFromMicroseconds("attempt_finish_us")}, output, output_type, error, hooks
  FROM run WHERE outcome IS NOT NULL
), event AS (
  INSERT INTO run_events (environment_id, run_id, first_seq, count, status, attempt_number, time, events)
  SELECT environment_id, id, event_seq - event_count - changed_status::int + 1, event_count + changed_status::int,
    CASE WHEN changed_status THEN status END, attempt_number, now(), events
  FROM run
), notice AS (
  ${outboxRow("$18")}
)
SELECT position, task_id, status, revision::float8, queue, deployment_id, attempt_number, max_attempts,
  ${microseconds("create_time")} AS create_time_us, ${microseconds("queue_time")} AS queue_time_us, ${microseconds("start_time")} AS start_time_us,
  ${microseconds("finish_time")} AS finish_time_us, ${microseconds("due_time")} AS due_time_us,
  ${microseconds("cancel_request_time")} AS cancel_request_time_us, cancel_reason, event_seq::float8, tags, is_test, traceparent, ${OUTBOX_ID}
FROM run`,
};

/**
 * Stores progress, ends of attempts and leases given back: for each item whose lease token is its run's current one, the run's next status, its timeline entries and the
 * row of the ended attempt, together or not at all. Items with another token, and progress that is already stored, change nothing and are missing from the answer. A status that ends the attempt ends the lease.
 * At most one item for a lease; progress without entries makes no sense. Sort by (environment, run).
 */
export function reportWork(db: Queryable, items: readonly WorkItem[], announce: boolean): Promise<ReportedRow[]> {
  return db.query<ReportedRow>(REPORT_WORK, [
    items.map((item) => item.environmentId),
    items.map((item) => item.runId),
    items.map((item) => item.leaseToken),
    items.map((item) => item.supervisorId),
    items.map((item) => item.next?.ifExecuting ?? null),
    items.map((item) => item.next?.ifCanceling ?? null),
    items.map((item) => (item.isUnstarted ? 1 : 0)),
    items.map((item) => item.retryDelayMs),
    items.map((item) => item.events?.count ?? 0),
    byteaArray(items.map((item) => item.events?.encoded ?? null)),
    items.map((item) => item.attempt?.outcome ?? null),
    items.map((item) => item.attempt?.startTimeUs ?? null),
    items.map((item) => item.attempt?.finishTimeUs ?? null),
    byteaArray(items.map((item) => item.attempt?.output ?? null)),
    items.map((item) => item.attempt?.outputType ?? null),
    byteaArray(items.map((item) => item.attempt?.error ?? null)),
    byteaArray(items.map((item) => item.attempt?.hooks ?? null)),
    announce,
  ]);
}
