import type { Queryable, Statement } from "@windlass/chassis";
import { DETAILED_RUN_COLUMNS, DETAILED_RUN_SOURCE, type DetailedRunRow } from "./run-row.ts";
import { isRun, OUTBOX_ID, outboxRow } from "./sql.ts";
import { canHappenSql, nextStatusSql } from "./state-sql.ts";

/** A run as its cancel left it, and the lease that is to be told. */
export type CanceledRow = DetailedRunRow & {
  readonly event_seq: number;
  /** Null unless it became CANCELING. */
  readonly supervisor_id: string | null;
  readonly lease_token: string | null;
  readonly outbox_id: number | null;
};

const NEXT = nextStatusSql("cancel");

// Under each run's lock: a claim or an end that comes at the same moment is either seen here or sees this.
export const CANCEL_RUNS: Statement = {
  name: "cancel_runs",
  text: `
    WITH run AS (
      UPDATE runs r SET
        status = ${NEXT},
        revision = r.revision + 1,
        event_seq = r.event_seq + 2,
        cancel_request_time = clock_timestamp(),
        cancel_reason = $3,
        due_time = NULL,
        expire_time = NULL,
        finish_time = CASE WHEN ${NEXT} >= 'COMPLETED' THEN clock_timestamp() END
      FROM unnest($2::text[]) AS i (run_id)
      WHERE ${isRun("$1", "i.run_id")} AND (${canHappenSql("cancel")}) IS TRUE
      RETURNING r.*
    ), event AS (
      INSERT INTO run_events (environment_id, run_id, first_seq, count, status, attempt_number, time, events)
      SELECT environment_id, id, event_seq - 1, 2, status, attempt_number, cancel_request_time, $4 FROM run
    ), notice AS (
      ${outboxRow("$5")}
    )
    SELECT ${DETAILED_RUN_COLUMNS}, r.event_seq::float8, r.supervisor_id, r.lease_token, ${OUTBOX_ID}
    FROM ${DETAILED_RUN_SOURCE.replace("runs r", "run r")}`,
};

/**
 * Cancels those of the runs that have not ended and are not being canceled: at once when nobody holds its lease, else it becomes CANCELING. The others are missing from the
 * answer. `event` is the timeline's entry for the request, an encoded windlass.v1.WatchRunResponse. Sort the ids.
 */
export function cancelRuns(
  db: Queryable,
  cancel: {
    readonly environmentId: string;
    readonly runIds: readonly string[];
    readonly reason: string;
    readonly event: Uint8Array;
  },
  announce: boolean,
): Promise<CanceledRow[]> {
  const { environmentId, runIds, reason, event } = cancel;
  return db.query<CanceledRow>(CANCEL_RUNS, [environmentId, runIds, reason, event, announce]);
}
