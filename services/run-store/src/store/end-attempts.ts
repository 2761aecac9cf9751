import { byteaArray, type Queryable, type Statement } from "@windlass/chassis";
import { isTerminal } from "../run-state.ts";
import { ENDED_ATTEMPTS, REPORTED_COLUMNS, type ReportedRow, type WorkItem } from "./report-work.ts";
import { isRun, outboxRow } from "./sql.ts";

/** A finish that ends its run whatever was asked of it meanwhile, and says nothing else. */
export type EndItem = WorkItem & {
  readonly next: NonNullable<WorkItem["next"]>;
  readonly attempt: NonNullable<WorkItem["attempt"]>;
};

export function isEnd(item: WorkItem): item is EndItem {
  const { next, metadata, addTags, attempt } = item;
  if (next === null || attempt === null || metadata !== null || addTags !== null) return false;
  return isTerminal(next.ifExecuting) && isTerminal(next.ifCanceling);
}

// The status in which a lease is held and that is not CANCELING becomes what EXECUTING does, as in report-work.ts.
const NEXT = "CASE r.status WHEN 'CANCELING' THEN i.if_canceling ELSE i.if_executing END";

export const END_ATTEMPTS: Statement = {
  name: "end_attempts",
  text: `
WITH run AS (
  UPDATE runs r SET
    status = ${NEXT},
    revision = r.revision + 1,
    lease_token = NULL,
    supervisor_id = NULL,
    claim_time = NULL,
    wait_id = NULL,
    suspended_token = NULL,
    finish_time = now(),
    event_seq = r.event_seq + i.event_count + 1
  FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::run_status[], $6::run_status[], $7::int[], $8::bytea[], $9::attempt_outcome[],
      $10::float8[], $11::float8[], $12::bytea[], $13::text[], $14::bytea[], $15::bytea[]) WITH ORDINALITY
    AS i (environment_id, run_id, lease_token, supervisor_id, if_executing, if_canceling, event_count, events, outcome,
      attempt_start_us, attempt_finish_us, output, output_type, error, hooks, position)
  WHERE ${isRun("i.environment_id", "i.run_id")} AND r.lease_token = i.lease_token
  RETURNING r.*, i.position::int, i.lease_token AS reported_token, i.supervisor_id AS reporter_id, i.event_count, i.events, i.outcome,
    i.attempt_start_us, i.attempt_finish_us, i.output, i.output_type, i.error, i.hooks
), attempt AS (
  ${ENDED_ATTEMPTS}
  FROM run
), event AS (
  INSERT INTO run_events (environment_id, run_id, first_seq, count, status, attempt_number, time, events)
  SELECT environment_id, id, event_seq - event_count, event_count + 1, status, attempt_number, now(), events FROM run
), notice AS (
  ${outboxRow("$16")}
)
SELECT ${REPORTED_COLUMNS}
FROM run`,
};

/**
 * Does what {@link reportWork} does, for ends alone. Most reports are nothing else, and that statement's many cases cost more than the end of a run: PostgreSQL reads them anew each time.
 */
export function endAttempts(db: Queryable, items: readonly EndItem[], announce: boolean): Promise<ReportedRow[]> {
  return db.query<ReportedRow>(END_ATTEMPTS, [
    items.map((item) => item.environmentId),
    items.map((item) => item.runId),
    items.map((item) => item.leaseToken),
    items.map((item) => item.supervisorId),
    items.map((item) => item.next.ifExecuting),
    items.map((item) => item.next.ifCanceling),
    items.map((item) => item.events?.count ?? 0),
    byteaArray(items.map((item) => item.events?.encoded ?? null)),
    items.map((item) => item.attempt.outcome),
    items.map((item) => item.attempt.startTimeUs),
    items.map((item) => item.attempt.finishTimeUs),
    byteaArray(items.map((item) => item.attempt.output)),
    items.map((item) => item.attempt.outputType),
    byteaArray(items.map((item) => item.attempt.error)),
    byteaArray(items.map((item) => item.attempt.hooks)),
    announce,
  ]);
}
