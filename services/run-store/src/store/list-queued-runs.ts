import type { Queryable, Statement } from "@windlass/chassis";
import { machineColumn } from "./run-row.ts";
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
  readonly concurrency_key: string | null;
  /** The machine preset that it needs; null when that is not known. */
  readonly machine: string | null;
}

/** A place in a shard's list, which goes by environment, queue, and the order of the queue. */
export interface QueuePosition {
  readonly environmentId: string;
  readonly queue: string;
  readonly queueTimeUs: number;
  readonly runId: string;
}

/** Before every run. */
export const QUEUE_START: QueuePosition = { environmentId: "", queue: "", queueTimeUs: 0, runId: "" };

// The environments come in order (OFFSET keeps them as they are), so that a page ends with the environment that fills it.
export const LIST_QUEUED_RUNS: Statement = {
  name: "list_queued_runs",
  text: `
SELECT r.environment_id, r.id, r.task_id, r.queue, ${microseconds("r.queue_time")} AS queue_time_us, r.traceparent, r.supervisor_id, r.concurrency_key,
  ${machineColumn("e.current_deployment_id")}
FROM (SELECT id, current_deployment_id FROM environments WHERE queue_shard = $1 AND id >= $2 COLLATE "C" ORDER BY queue_shard, id OFFSET 0) e
CROSS JOIN LATERAL (
  SELECT * FROM runs r
  WHERE r.environment_id = e.id AND r.status = 'QUEUED'
    AND (r.environment_id, r.queue, r.queue_time, r.id) > ($2 COLLATE "C", $3 COLLATE "C", ${momentFromMicroseconds("$4::float8")}, $5 COLLATE "C")
    AND r.queue_time <= now() - $6::float8 * interval '1 millisecond'
  ORDER BY r.environment_id, r.queue, r.queue_time, r.id
  LIMIT $7
) r
ORDER BY e.id, r.queue, r.queue_time, r.id
LIMIT $7`,
};

/** A page of the queued runs of a shard: after a position, those that have been queued for at least so long. */
export function listQueuedRuns(
  db: Queryable,
  page: { readonly shard: number; readonly after: QueuePosition; readonly minAgeMs: number; readonly limit: number },
): Promise<QueuedRow[]> {
  const { environmentId, queue, queueTimeUs, runId } = page.after;
  return db.query<QueuedRow>(LIST_QUEUED_RUNS, [
    page.shard,
    environmentId,
    queue,
    queueTimeUs,
    runId,
    page.minAgeMs,
    page.limit,
  ]);
}
