import { byteaArray, type Queryable, type Statement } from "@windlass/chassis";

/** An item that could not become a run of its batch. */
export interface NewBatchFailure {
  readonly batchId: string;
  readonly requestId: string;
  readonly taskId: string;
  /** An encoded windlass.v1.CallError. */
  readonly error: Uint8Array;
}

const INSERT_BATCH_FAILURES: Statement = {
  name: "insert_batch_failures",
  text: `
WITH item AS MATERIALIZED (
  SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::bytea[]) AS t (batch_id, request_id, task_id, error)
), batch AS (
  INSERT INTO batches (environment_id, id, create_time) SELECT DISTINCT $1, batch_id, now() FROM item ORDER BY batch_id
  ON CONFLICT DO NOTHING
)
INSERT INTO batch_failures (environment_id, batch_id, request_id, task_id, error)
SELECT $1, batch_id, request_id, task_id, error FROM item ORDER BY batch_id, request_id
ON CONFLICT DO NOTHING`,
};

/** Stores failed items, and their batches when these are the first items; a repeat changes nothing. */
export async function insertBatchFailures(
  db: Queryable,
  environmentId: string,
  failures: readonly NewBatchFailure[],
): Promise<void> {
  await db.query(INSERT_BATCH_FAILURES, [
    environmentId,
    failures.map((failure) => failure.batchId),
    failures.map((failure) => failure.requestId),
    failures.map((failure) => failure.taskId),
    byteaArray(failures.map((failure) => failure.error)),
  ]);
}
