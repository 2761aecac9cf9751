import type { Queryable } from "@windlass/chassis";
import { nextStatus, statusesBefore } from "../run-state.ts";
import { RUN_COLUMNS, type RunRow } from "./run-row.ts";
import { OUTBOX_ID, outboxRow } from "./sql.ts";

/** A run as its cancel left it, and the lease that is to be told. */
export type CanceledRow = RunRow & {
  readonly event_seq: number;
  /** Null unless it became CANCELING. */
  readonly supervisor_id: string | null;
  readonly lease_token: string | null;
  readonly outbox_id: number | null;
};

const CANCELABLE = statusesBefore("cancel");
const NEXT = `CASE r.status ${CANCELABLE.map((status) => `WHEN '${status}' THEN '${nextStatus(status, "cancel")}'`).join(" ")} END::run_status`;

// One row, hence one lock: a claim or an end that comes at the same moment is either seen here or sees this.
const statement = {
  name: "cancel_run",
  text: `
    WITH run AS (
      UPDATE runs r SET
        status = ${NEXT},
        revision = r.revision + 1,
        event_seq = r.event_seq + 2,
        cancel_request_time = clock_timestamp(),
        cancel_reason = $3,
        due_time = NULL,
        finish_time = CASE WHEN ${NEXT} >= 'COMPLETED' THEN clock_timestamp() END
      WHERE r.environment_id = $1 AND r.id = $2 AND r.status IN (${CANCELABLE.map((status) => `'${status}'`).join(", ")})
      RETURNING r.*
    ), event AS (
      INSERT INTO run_events (environment_id, run_id, first_seq, count, status, attempt_number, time, events)
      SELECT environment_id, id, event_seq - 1, 2, status, attempt_number, cancel_request_time, $4 FROM run
    ), notice AS (
      ${outboxRow("$5")}
    )
    SELECT ${RUN_COLUMNS}, r.event_seq::float8, r.supervisor_id, r.lease_token, ${OUTBOX_ID}
    FROM run r LEFT JOIN deployments d ON d.environment_id = r.environment_id AND d.id = r.deployment_id`,
};

/**
 * Cancels a run that has not ended and is not being canceled: at once when nobody holds its lease, else it becomes CANCELING. Undefined when there was nothing to do.
 * `event` is the timeline's entry for the request, an encoded windlass.v1.WatchRunResponse.
 */
export async function cancelRun(
  db: Queryable,
  cancel: {
    readonly environmentId: string;
    readonly runId: string;
    readonly reason: string;
    readonly event: Uint8Array;
  },
  announce: boolean,
): Promise<CanceledRow | undefined> {
  const { environmentId, runId, reason, event } = cancel;
  const [row] = await db.query<CanceledRow>(statement, [environmentId, runId, reason, event, announce]);
  return row;
}
