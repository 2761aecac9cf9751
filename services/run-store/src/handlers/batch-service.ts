import type { Queryable, ServiceCall } from "@windlass/chassis";
import type { BatchService } from "@windlass/proto";
import type { ServiceImplementation } from "@windlass/proto/grpc";
import { getBatch, listBatches } from "../batches/read-batches.ts";
import { parseGetBatch, parseListBatches } from "../validation/batch-requests.ts";
import { environmentOf } from "./caller.ts";

export function createBatchService({
  postgres,
}: {
  readonly postgres: Queryable;
}): ServiceImplementation<typeof BatchService, ServiceCall> {
  return {
    getBatch: async (request, call) => ({
      batch: await getBatch(postgres, environmentOf(call), parseGetBatch(request)),
    }),
    listBatches: (request, call) => listBatches(postgres, environmentOf(call), parseListBatches(request)),
  };
}
