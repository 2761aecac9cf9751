import type { Queryable, Statement } from "@windlass/chassis";
import { lookUp, microseconds } from "./sql.ts";

/** A batch, and what its items have become. */
export interface BatchRow {
  readonly id: string;
  readonly create_time_us: number;
  readonly run_count: number;
  readonly completed_count: number;
  readonly unsuccessful_count: number;
  readonly failed_item_count: number;
}

/** An item that could not become a run. */
export interface BatchFailureRow {
  readonly batch_id: string;
  readonly request_id: string;
  readonly task_id: string;
  /** An encoded windlass.v1.CallError. */
  readonly error: Buffer;
}

/** Of `batches b`. Counted when asked for: a counter would make every end of a run of one batch wait for the others. */
const COUNTED = `
SELECT b.id, ${microseconds("b.create_time")} AS create_time_us, counts.*, failures.*
FROM batches b
CROSS JOIN LATERAL (
  SELECT count(*)::float8 AS run_count, count(*) FILTER (WHERE r.status = 'COMPLETED')::float8 AS completed_count,
    count(*) FILTER (WHERE r.status > 'COMPLETED')::float8 AS unsuccessful_count
  FROM run_contents c JOIN runs r ON ${lookUp("r.environment_id", "c.environment_id")} AND ${lookUp("r.id", "c.run_id")}
  WHERE c.environment_id = b.environment_id AND c.batch_id = b.id
) counts
CROSS JOIN LATERAL (
  SELECT count(*)::float8 AS failed_item_count FROM batch_failures f WHERE f.environment_id = b.environment_id AND f.batch_id = b.id
) failures`;

export const SELECT_BATCH: Statement = {
  name: "select_batch",
  text: `${COUNTED} WHERE b.environment_id = $1 AND b.id = $2`,
};

export const LIST_BATCHES: Statement = {
  name: "list_batches",
  text: `${COUNTED}
WHERE b.environment_id = $1
  AND ($2::text IS NULL OR (b.create_time, b.id) < (SELECT l.create_time, l.id FROM batches l WHERE l.environment_id = $1 AND l.id = $2 COLLATE "C"))
ORDER BY b.create_time DESC, b.id DESC LIMIT $3`,
};

export const LIST_BATCH_FAILURES: Statement = {
  name: "list_batch_failures",
  text: `
SELECT b.id AS batch_id, f.request_id, f.task_id, f.error
FROM unnest($2::text[]) AS b (id)
CROSS JOIN LATERAL (
  SELECT request_id, task_id, error FROM batch_failures
  WHERE environment_id = $1 AND batch_id = b.id ORDER BY request_id LIMIT $3
) f`,
};

export async function selectBatch(db: Queryable, environmentId: string, id: string): Promise<BatchRow | undefined> {
  const [row] = await db.query<BatchRow>(SELECT_BATCH, [environmentId, id]);
  return row;
}

/** Batches of an environment, newest first, made before the one named. */
export function listBatches(
  db: Queryable,
  page: { readonly environmentId: string; readonly afterId: string | undefined; readonly limit: number },
): Promise<BatchRow[]> {
  return db.query<BatchRow>(LIST_BATCHES, [page.environmentId, page.afterId ?? null, page.limit]);
}

/** The first failures of some batches, by the batch's id. */
export async function listBatchFailures(
  db: Queryable,
  environmentId: string,
  batchIds: readonly string[],
  limit: number,
): Promise<Map<string, BatchFailureRow[]>> {
  const rows = await db.query<BatchFailureRow>(LIST_BATCH_FAILURES, [environmentId, batchIds, limit]);
  return Map.groupBy(rows, (row) => row.batch_id);
}
