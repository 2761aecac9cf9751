import type { Queryable, Statement } from "@windlass/chassis";
import { microseconds, momentFromMicroseconds } from "./sql.ts";

/** A run that waits for its turn. */
export interface QueuedRow {
  readonly environment_id: string;
  readonly id: string;
  readonly task_id: string;
  readonly queue: string;
  readonly queue_time_us: number;
  readonly traceparent: string;
  /** Who has its suspended process; null when any supervisor can have it. */
  readonly supervisor_id: string | null;
}

/** A place in the order of the queue. */
export interface QueuePosition {
  readonly queueTimeUs: number;
  readonly runId: string;
}

/** Before every run. */
export const QUEUE_START: QueuePosition = { queueTimeUs: 0, runId: "" };

export const LIST_QUEUED_RUNS: Statement = {
  name: "list_queued_runs",
  text: `
SELECT environment_id, id, task_id, queue, ${microseconds("queue_time")} AS queue_time_us, traceparent, supervisor_id
FROM runs
WHERE status = 'QUEUED' AND (queue_time, id) > (${momentFromMicroseconds("$1::float8")}, $2) AND queue_time <= now() - $3::float8 * interval '1 millisecond'
ORDER BY queue_time, id
LIMIT $4`,
};

/** A page of the queue, in its order: runs after a position that have been queued for at least so long. */
export function listQueuedRuns(
  db: Queryable,
  page: { readonly after: QueuePosition; readonly minAgeMs: number; readonly limit: number },
): Promise<QueuedRow[]> {
  return db.query<QueuedRow>(LIST_QUEUED_RUNS, [page.after.queueTimeUs, page.after.runId, page.minAgeMs, page.limit]);
}
