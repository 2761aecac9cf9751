import type { Queryable, Statement } from "@windlass/chassis";

/** A queue that may not grow beyond a length, and the tasks whose own queue it is in the current version. */
export interface QueueLengthRow {
  readonly name: string;
  readonly max_length: number;
  readonly task_ids: readonly string[];
}

const select = {
  name: "select_queue_lengths",
  text: `
    SELECT q.name, q.max_length, coalesce(array_agg(t.task_id) FILTER (WHERE t.task_id IS NOT NULL), '{}') AS task_ids
    FROM environments e
    JOIN queues q ON q.environment_id = e.id AND q.max_length IS NOT NULL
    LEFT JOIN deployment_tasks t ON t.environment_id = e.id AND t.deployment_id = e.current_deployment_id AND t.queue = q.name
    WHERE e.id = $1
    GROUP BY q.name, q.max_length`,
};

export const COUNT_WAITING: Statement = {
  name: "count_waiting",
  text: `
    SELECT i.environment_id, i.name, (
      SELECT count(*) FROM (
        SELECT FROM runs r WHERE r.environment_id = i.environment_id AND r.queue = i.name AND r.status = 'QUEUED'
        ORDER BY r.queue_time, r.id LIMIT i.max_length
      ) waiting
    )::int4 AS count
    FROM unnest($1::text[], $2::text[], $3::int4[]) AS i (environment_id, name, max_length)`,
};

/** The queues of an environment that have a maximum length. */
export function selectQueueLengths(db: Queryable, environmentId: string): Promise<QueueLengthRow[]> {
  return db.query<QueueLengthRow>(select, [environmentId]);
}

/** How many runs wait in these queues, each counted up to its maximum: as many entries of one index. */
export function countWaiting(
  db: Queryable,
  queues: readonly { readonly environmentId: string; readonly name: string; readonly maxLength: number }[],
): Promise<{ readonly environment_id: string; readonly name: string; readonly count: number }[]> {
  return db.query(COUNT_WAITING, [
    queues.map((queue) => queue.environmentId),
    queues.map((queue) => queue.name),
    queues.map((queue) => queue.maxLength),
  ]);
}
