import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type BatchSchema, type BatchService, ErrorReason, RunStatus } from "@windlass/proto";
import { CallFailure, type ServiceImplementation, status } from "@windlass/proto/grpc";
import type { TestCluster } from "./test-cluster.ts";

type FailedItems = NonNullable<MessageInitShape<typeof BatchSchema>["failedItems"]>;

/** A BatchService over the runs of a test's cluster. */
export function testBatchService({ runs, failedItems }: TestCluster): ServiceImplementation<typeof BatchService> {
  const idsNow = (): string[] => [
    ...new Set([...[...runs.values()].map(({ options }) => options?.batchId ?? ""), ...failedItems.keys()]),
  ];
  const describe = (id: string): MessageInitShape<typeof BatchSchema> => {
    const ofBatch = [...runs.values()].filter(({ options }) => options?.batchId === id);
    const failed: FailedItems = failedItems.get(id) ?? [];
    if (ofBatch.length + failed.length === 0) throw batchNotFound(id);
    return {
      id,
      createTime: timestampFromMs(0),
      runCount: BigInt(ofBatch.length),
      completedCount: BigInt(ofBatch.filter((run) => run.status === RunStatus.COMPLETED).length),
      unsuccessfulCount: BigInt(ofBatch.filter((run) => run.status === RunStatus.FAILED).length),
      failedItems: failed.slice(0, 100),
      failedItemCount: BigInt(failed.length),
    };
  };
  return {
    getBatch: async ({ batchId }) => ({ batch: describe(batchId) }),
    listBatches: async () => ({
      batches: idsNow()
        .filter((id) => id !== "")
        .toReversed()
        .map(describe),
    }),
  };
}

function batchNotFound(id: string): CallFailure {
  return new CallFailure({
    code: status.NOT_FOUND,
    reason: ErrorReason.BATCH_NOT_FOUND,
    message: `There is no batch ${id}.`,
  });
}
