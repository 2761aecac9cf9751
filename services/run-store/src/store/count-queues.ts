import type { Queryable, Statement } from "@windlass/chassis";
import { microseconds } from "./sql.ts";

/** How full a queue is, as far as it was counted. */
export interface QueueCountRow {
  readonly depth: number;
  readonly running: number;
  readonly oldest_queue_time_us: number | null;
}

export const COUNT_QUEUES: Statement = {
  name: "count_queues",
  text: `
WITH running AS MATERIALIZED (
  SELECT queue, count(*)::int4 AS count FROM runs
  WHERE supervisor_id IS NOT NULL AND NULLIF(NULLIF(status, 'EXECUTING'), 'CANCELING') IS NULL AND NULLIF(environment_id, $1) IS NULL
  GROUP BY queue
)
SELECT waiting.count AS depth, coalesce(running.count, 0) AS running,
  (SELECT ${microseconds("r.queue_time")} FROM runs r WHERE r.environment_id = $1 AND r.queue = i.name AND r.status = 'QUEUED' ORDER BY r.queue_time, r.id LIMIT 1) AS oldest_queue_time_us
FROM unnest($2::text[]) WITH ORDINALITY AS i (name, position)
CROSS JOIN LATERAL (
  SELECT count(*)::int4 AS count FROM (
    SELECT FROM runs r WHERE r.environment_id = $1 AND r.queue = i.name AND r.status = 'QUEUED' ORDER BY r.queue_time, r.id LIMIT $3
  ) counted
) waiting
LEFT JOIN running ON running.queue = i.name
ORDER BY i.position`,
};

/** Counts what waits in queues, each at most up to `limit`, and what executes; in their order. */
export function countQueues(
  db: Queryable,
  environmentId: string,
  names: readonly string[],
  limit: number,
): Promise<QueueCountRow[]> {
  return db.query<QueueCountRow>(COUNT_QUEUES, [environmentId, names, limit]);
}
