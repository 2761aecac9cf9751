import type { Queryable, Statement } from "@windlass/chassis";
import type { RunStatusName } from "../run-state.ts";
import { machineColumn } from "./run-row.ts";
import { isRun, microseconds } from "./sql.ts";

/** What everyone who watches runs needs to know of one. */
export interface ChangedRunRow {
  readonly environment_id: string;
  readonly id: string;
  readonly task_id: string;
  readonly status: RunStatusName;
  readonly revision: number;
  readonly event_seq: number;
  readonly queue: string | null;
  readonly queue_time_us: number;
  readonly traceparent: string;
  /** Until it is due; null when it waits for no time. */
  readonly due_in_ms: number | null;
  /** Until it expires; null: never. */
  readonly expire_in_ms: number | null;
  readonly lease_token: string | null;
  readonly supervisor_id: string | null;
  readonly concurrency_key: string | null;
  /** The machine preset that it needs; null when that is not known. */
  readonly machine: string | null;
  readonly cancel_reason: string | null;
  readonly cancel_request_time_us: number | null;
}

const SELECT_CHANGED_RUNS: Statement = {
  name: "select_changed_runs",
  text: `
SELECT r.environment_id, r.id, r.task_id, r.status, r.revision::float8, r.event_seq::float8, r.queue, ${microseconds("r.queue_time")} AS queue_time_us,
  r.traceparent, ceil(date_part('epoch', r.due_time - now()) * 1000) AS due_in_ms,
  ceil(date_part('epoch', r.expire_time - now()) * 1000) AS expire_in_ms, r.lease_token, r.supervisor_id, r.concurrency_key, ${machineColumn()}, r.cancel_reason,
  ${microseconds("r.cancel_request_time")} AS cancel_request_time_us
FROM unnest($1::text[], $2::text[]) AS i (environment_id, run_id)
JOIN runs r ON ${isRun("i.environment_id", "i.run_id")}`,
};

/** Reads runs of which only the key is known. Those that are no more are missing from the answer. */
export function selectChangedRuns(
  db: Queryable,
  runs: readonly { readonly environmentId: string; readonly runId: string }[],
): Promise<ChangedRunRow[]> {
  return db.query<ChangedRunRow>(SELECT_CHANGED_RUNS, [
    runs.map((run) => run.environmentId),
    runs.map((run) => run.runId),
  ]);
}
