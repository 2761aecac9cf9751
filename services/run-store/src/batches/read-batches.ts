import { fromBinary } from "@bufbuild/protobuf";
import type { Queryable } from "@windlass/chassis";
import { type Batch, CallErrorSchema } from "@windlass/proto";
import { timestampFromMicroseconds } from "../conversions/moments.ts";
import { batchNotFound } from "../failures.ts";
import * as store from "../store/read-batches.ts";
import { BATCH_LIST } from "../validation/batch-requests.ts";
import { type Page, pageToken } from "../validation/page.ts";

/** How many failed items a batch shows. */
const MAX_FAILED_ITEMS = 100;
/** A list of up to 100 batches has to fit into a message. */
const MAX_FAILED_ITEMS_IN_LIST = 5;

/** Reads a batch, with what its items have become. Throws BATCH_NOT_FOUND. */
export async function getBatch(db: Queryable, environmentId: string, batchId: string): Promise<Batch> {
  const row = await store.selectBatch(db, environmentId, batchId);
  if (row === undefined) throw batchNotFound(batchId);
  const failures = await store.listBatchFailures(db, environmentId, [batchId], MAX_FAILED_ITEMS);
  return batchToProto(row, failures.get(batchId));
}

/** A page of an environment's batches, newest first, each with its first few failed items. */
export async function listBatches(
  db: Queryable,
  environmentId: string,
  page: Page,
): Promise<{ batches: Batch[]; nextPageToken: string }> {
  // One more than asked for tells whether there is a next page.
  const rows = await store.listBatches(db, { environmentId, afterId: page.afterId, limit: page.size + 1 });
  const shown = rows.slice(0, page.size);
  const last = shown.at(-1);
  const ids = shown.map((row) => row.id);
  const failures = await store.listBatchFailures(db, environmentId, ids, MAX_FAILED_ITEMS_IN_LIST);
  return {
    batches: shown.map((row) => batchToProto(row, failures.get(row.id))),
    nextPageToken: rows.length > shown.length && last !== undefined ? pageToken(last.id, BATCH_LIST) : "",
  };
}

function batchToProto(row: store.BatchRow, failures: readonly store.BatchFailureRow[] = []): Batch {
  return {
    $typeName: "windlass.v1.Batch",
    id: row.id,
    createTime: timestampFromMicroseconds(row.create_time_us),
    runCount: BigInt(row.run_count),
    completedCount: BigInt(row.completed_count),
    unsuccessfulCount: BigInt(row.unsuccessful_count),
    failedItems: failures.map(({ request_id: requestId, task_id: taskId, error }) => ({
      $typeName: "windlass.v1.FailedItem",
      requestId,
      taskId,
      error: fromBinary(CallErrorSchema, error),
    })),
    failedItemCount: BigInt(row.failed_item_count),
  };
}
