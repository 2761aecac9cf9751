import { type Batch, ErrorReason, ErrorReasonSchema, type FailedItem } from "@windlass/proto";
import { callCluster, given } from "./call-cluster.ts";
import { refuseUnknownOptions } from "./call-options.ts";
import { defaultConnection } from "./connection.ts";
import { enumName } from "./enum-name.ts";
import { listPages, type PagePromise } from "./pages.ts";
import { dateOf } from "./run-snapshot.ts";
import { invalidField, type WindlassErrorReason } from "./windlass-error.ts";

/** A batch as it was at one moment. */
export interface BatchSnapshot {
  readonly id: string;
  /** When its first item came. */
  readonly createdAt: Date;
  /** PENDING while a run of it is not over. More items can come as long as its program sends them. */
  readonly status: "PENDING" | "COMPLETED";
  readonly runCount: number;
  /** How many runs have ended COMPLETED. */
  readonly completedCount: number;
  /** How many have ended in another way. */
  readonly unsuccessfulCount: number;
  /** Items that the cluster refused; those that the SDK refused never came to it. */
  readonly failedItemCount: number;
  /** The first 100 of them. */
  readonly failedItems: readonly FailedItemSnapshot[];
}

/** An item that the cluster refused. */
export interface FailedItemSnapshot {
  readonly taskIdentifier: string;
  readonly reason: WindlassErrorReason;
  readonly message: string;
}

const MAX_PAGE_SIZE = 100;

/** Throws WindlassError, BATCH_NOT_FOUND among others. */
export async function retrieveBatch(batchId: string): Promise<BatchSnapshot> {
  if (typeof batchId !== "string" || !/^batch_[\w-]{1,64}$/.test(batchId))
    throw invalidField("batchId", 'must be the id of a batch: "batch_" and 1 to 64 characters.');
  const connection = defaultConnection();
  const { batch } = await callCluster(connection, (call) => connection.batches.getBatch({ batchId }, call));
  return batchSnapshotFromProto(given(batch, batchId));
}

/** Newest first. Rejects with a WindlassError. */
export function listBatches(options: { readonly limit?: number | undefined }): PagePromise<BatchSnapshot> {
  return listPages(async (pageToken) => {
    refuseUnknownOptions(options, ["limit"]);
    const request = { pageSize: checkLimit(options.limit), pageToken };
    const connection = defaultConnection();
    const response = await callCluster(connection, (call) => connection.batches.listBatches(request, call));
    return { items: response.batches.map(batchSnapshotFromProto), nextPageToken: response.nextPageToken };
  });
}

function checkLimit(limit: number | undefined): number {
  if (limit === undefined) return 0;
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE_SIZE) return limit;
  throw invalidField("options.limit", `must be a whole number from 1 to ${MAX_PAGE_SIZE}.`);
}

function batchSnapshotFromProto(batch: Batch): BatchSnapshot {
  const [runCount, completedCount, unsuccessfulCount] = [
    Number(batch.runCount),
    Number(batch.completedCount),
    Number(batch.unsuccessfulCount),
  ];
  return {
    id: batch.id,
    createdAt: dateOf(batch.createTime) ?? new Date(0),
    status: completedCount + unsuccessfulCount < runCount ? "PENDING" : "COMPLETED",
    runCount,
    completedCount,
    unsuccessfulCount,
    failedItemCount: Number(batch.failedItemCount),
    failedItems: batch.failedItems.map(failedItemFromProto),
  };
}

function failedItemFromProto({ taskId, error }: FailedItem): FailedItemSnapshot {
  const reason = error?.reason ?? ErrorReason.UNSPECIFIED;
  return {
    taskIdentifier: taskId,
    reason: enumName(ErrorReasonSchema, reason) as WindlassErrorReason,
    message: error?.message ?? "",
  };
}
