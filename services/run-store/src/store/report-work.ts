import { byteaArray, type Queryable, type Statement } from "@windlass/chassis";
import type { AttemptOutcomeName, RunStatusName } from "../run-state.ts";
import { isRun, microseconds, momentFromMicroseconds, OUTBOX_ID, outboxRow } from "./sql.ts";
import { nextStatusSql } from "./state-sql.ts";
import { arrayLiteral, tagsWith } from "./tags-sql.ts";

/** Something that a lease's owner says about its run. What an item leaves out stays as it is. */
export interface WorkItem {
  readonly environmentId: string;
  readonly runId: string;
  /** The proof of ownership (I2). */
  readonly leaseToken: string;
  readonly supervisorId: string;
  /** What it says; what follows from all but a finish depends on the run's status alone. */
  readonly kind: "progress" | "suspend" | "resume" | "release" | "withhold" | "finish";
  /** For a finish: what the run becomes if a cancel was asked for, and if not. */
  readonly next: { readonly ifExecuting: RunStatusName; readonly ifCanceling: RunStatusName } | null;
  /** When the next attempt is due, if the run becomes RETRYING. */
  readonly retryDelayMs: number | null;
  /** The machine preset of that attempt, when the last one's was too small. */
  readonly retryMachine: string | null;
  /** True when the run has one attempt more from now on, because the one that ended does not count. */
  readonly addsAttempt: boolean;
  /** The wait that begins, or is over. */
  readonly waitId: string | null;
  /** Timeline entries, an encoded windlass.v1.WatchRunResponse, and how many they are. Null when there are none. */
  readonly events: { readonly encoded: Uint8Array; readonly count: number } | null;
  /** The run's new metadata, a JSON object. */
  readonly metadata: Uint8Array | null;
  /** Added to its tags, as far as there is room. */
  readonly addTags: readonly string[] | null;
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
  readonly machine: string | null;
  readonly concurrency_key: string | null;
  /** Who holds the lease; null when it has ended. */
  readonly supervisor_id: string | null;
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

/** The rows that the ended attempts of `run` leave behind. */
export const ENDED_ATTEMPTS = `INSERT INTO attempts (environment_id, run_id, number, outcome, supervisor_id, lease_token, start_time, finish_time, output, output_type, error, hooks)
  SELECT environment_id, id, attempt_number, outcome, reporter_id, reported_token, ${momentFromMicroseconds("attempt_start_us")},
    ${momentFromMicroseconds("attempt_finish_us")}, output, output_type, error, hooks`;

/** The columns of a {@link ReportedRow}, from `run`. */
export const REPORTED_COLUMNS = `position, task_id, status, revision::float8, queue, deployment_id, attempt_number, max_attempts, machine, concurrency_key, supervisor_id,
  ${microseconds("create_time")} AS create_time_us, ${microseconds("queue_time")} AS queue_time_us, ${microseconds("start_time")} AS start_time_us,
  ${microseconds("finish_time")} AS finish_time_us, ${microseconds("due_time")} AS due_time_us,
  ${microseconds("cancel_request_time")} AS cancel_request_time_us, cancel_reason, event_seq::float8, tags, is_test, traceparent, ${OUTBOX_ID}`;

/** A lease that continues a suspended attempt is given back to where the attempt was suspended; another one ends unstarted. */
const IS_UNSTARTED = `(i.kind = 'withhold' OR i.kind = 'release' AND r.wait_id IS NULL)`;
const ENDS_LEASE = `(i.kind = 'finish' OR ${IS_UNSTARTED})`;
const IS_SUSPENSION = `(i.kind = 'suspend' AND r.status = 'EXECUTING')`;
/** Null when nothing of the kind can happen to the run: a suspension that is stored already, the end of a wait that is over. */
const NEXT = `CASE i.kind
      WHEN 'finish' THEN CASE r.status WHEN 'CANCELING' THEN i.if_canceling ELSE i.if_executing END
      WHEN 'release' THEN CASE WHEN r.wait_id IS NULL THEN ${nextStatusSql("release")} ELSE ${nextStatusSql("release resumed")} END
      WHEN 'withhold' THEN ${nextStatusSql("lack version")}
      WHEN 'suspend' THEN ${nextStatusSql("suspend")}
      WHEN 'resume' THEN CASE WHEN r.wait_id = i.wait_id THEN ${nextStatusSql("resume")} END
    END`;
const CHANGES_STATUS = `coalesce(${NEXT} <> r.status, false)`;
/** The same where `r` is the row as the item left it. */
const CHANGED_STATUS = `CASE i.kind WHEN 'progress' THEN false WHEN 'suspend' THEN r.status = 'WAITING' WHEN 'release' THEN r.status <> 'CANCELING' ELSE true END`;
/** An attempt that was given back unstarted never was. */
const WAS_STARTED = `(r.attempt_number > 1 OR NOT ${IS_UNSTARTED})`;
const PINNED = `(SELECT c.pinned_deployment_id FROM run_contents c WHERE c.environment_id = r.environment_id AND c.run_id = r.id)`;

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
    status = coalesce(${NEXT}, r.status),
    revision = r.revision + 1,
    attempt_number = r.attempt_number - CASE WHEN ${IS_UNSTARTED} THEN 1 ELSE 0 END,
    start_time = CASE WHEN ${WAS_STARTED} THEN r.start_time END,
    deployment_id = CASE WHEN ${WAS_STARTED} THEN r.deployment_id ELSE ${PINNED} END,
    lease_token = CASE WHEN ${ENDS_LEASE} THEN NULL WHEN i.kind = 'release' THEN r.suspended_token ELSE r.lease_token END,
    supervisor_id = CASE WHEN NOT ${ENDS_LEASE} THEN r.supervisor_id END,
    claim_time = CASE WHEN NOT ${ENDS_LEASE} THEN r.claim_time END,
    wait_id = CASE WHEN ${IS_SUSPENSION} THEN i.wait_id WHEN NOT ${ENDS_LEASE} THEN r.wait_id END,
    suspended_token = CASE WHEN ${IS_SUSPENSION} THEN r.lease_token WHEN NOT ${ENDS_LEASE} THEN r.suspended_token END,
    machine = coalesce(i.retry_machine, r.machine),
    max_attempts = r.max_attempts + i.adds_attempt::int,
    tags = CASE WHEN i.add_tags IS NULL THEN r.tags ELSE ${tagsWith("i.add_tags::text[]")} END,
    finish_time = CASE WHEN ${NEXT} >= 'COMPLETED' THEN now() END,
    due_time = CASE WHEN ${NEXT} = 'RETRYING' THEN now() + i.retry_delay_ms * interval '1 millisecond' END,
    event_seq = r.event_seq + i.event_count + ${CHANGES_STATUS}::int
  FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::run_status[], $7::run_status[], $8::float8[], $9::text[], $10::text[],
      $11::int[], $12::bytea[], $13::bytea[], $14::text[], $15::attempt_outcome[], $16::float8[], $17::float8[], $18::bytea[], $19::text[], $20::bytea[],
      $21::bytea[], $22::bool[]) WITH ORDINALITY
    AS i (environment_id, run_id, lease_token, supervisor_id, kind, if_executing, if_canceling, retry_delay_ms, retry_machine, wait_id,
      event_count, events, metadata, add_tags, outcome, attempt_start_us, attempt_finish_us, output, output_type, error, hooks, adds_attempt, position)
  WHERE ${isRun("i.environment_id", "i.run_id")} AND r.lease_token = i.lease_token
    AND CASE
      WHEN ${NEXT} IS NOT NULL THEN true
      WHEN i.kind <> 'progress' AND NOT (i.kind = 'suspend' AND r.status = 'CANCELING') THEN false
      WHEN i.event_count = 0 THEN i.metadata IS NOT NULL OR i.add_tags IS NOT NULL
      ELSE NOT EXISTS (
        SELECT FROM run_events e
        WHERE e.environment_id = r.environment_id AND e.run_id = r.id AND e.first_seq > r.event_seq - ${REPEAT_WINDOW} AND e.events = i.events)
    END
  RETURNING r.*, i.position::int, i.lease_token AS reported_token, i.supervisor_id AS reporter_id, ${CHANGED_STATUS} AS changed_status, i.event_count, i.events, i.metadata, i.outcome,
    i.attempt_start_us, i.attempt_finish_us, i.output, i.output_type, i.error, i.hooks
), attempt AS (
  ${ENDED_ATTEMPTS}
  FROM run WHERE outcome IS NOT NULL
), described AS (
  INSERT INTO run_metadata AS m (environment_id, run_id, metadata, metadata_type, update_time)
  SELECT environment_id, id, metadata, 'application/json', now() FROM run WHERE metadata IS NOT NULL
  ON CONFLICT (environment_id, run_id) DO UPDATE SET metadata = excluded.metadata, update_time = excluded.update_time
), event AS (
  INSERT INTO run_events (environment_id, run_id, first_seq, count, status, attempt_number, time, events)
  SELECT environment_id, id, event_seq - event_count - changed_status::int + 1, event_count + changed_status::int,
    CASE WHEN changed_status THEN status END, attempt_number, now(), events
  FROM run WHERE event_count + changed_status::int > 0
), notice AS (
  ${outboxRow("$23")}
)
SELECT ${REPORTED_COLUMNS}
FROM run`,
};

/**
 * Stores progress, waits that begin and are over, ends of attempts and leases given back: for each item whose lease token is its run's current one, the run's next status, its
 * timeline entries and the row of the ended attempt, together or not at all. Items with another token, and what is already stored, change nothing and are missing from the
 * answer. A status that ends the attempt ends the lease; a suspension that meets a cancel leaves only its timeline entries.
 * At most one item for a lease; progress without entries and update makes no sense. Sort by (environment, run).
 */
export function reportWork(db: Queryable, items: readonly WorkItem[], announce: boolean): Promise<ReportedRow[]> {
  return db.query<ReportedRow>(REPORT_WORK, [
    items.map((item) => item.environmentId),
    items.map((item) => item.runId),
    items.map((item) => item.leaseToken),
    items.map((item) => item.supervisorId),
    items.map((item) => item.kind),
    items.map((item) => item.next?.ifExecuting ?? null),
    items.map((item) => item.next?.ifCanceling ?? null),
    items.map((item) => item.retryDelayMs),
    items.map((item) => item.retryMachine),
    items.map((item) => item.waitId),
    items.map((item) => item.events?.count ?? 0),
    byteaArray(items.map((item) => item.events?.encoded ?? null)),
    byteaArray(items.map((item) => item.metadata)),
    items.map((item) => (item.addTags === null ? null : arrayLiteral(item.addTags))),
    items.map((item) => item.attempt?.outcome ?? null),
    items.map((item) => item.attempt?.startTimeUs ?? null),
    items.map((item) => item.attempt?.finishTimeUs ?? null),
    byteaArray(items.map((item) => item.attempt?.output ?? null)),
    items.map((item) => item.attempt?.outputType ?? null),
    byteaArray(items.map((item) => item.attempt?.error ?? null)),
    byteaArray(items.map((item) => item.attempt?.hooks ?? null)),
    items.map((item) => item.addsAttempt),
    announce,
  ]);
}
