import type { Queryable, ServiceCall } from "@windlass/chassis";
import type { ExecutionService } from "@windlass/proto";
import type { ServiceImplementation } from "@windlass/proto/grpc";
import { readBundle } from "../deployments/read-bundle.ts";
import { parseGetBundle } from "../validation/deployment-requests.ts";

/** The handler of ExecutionService.GetBundle. */
export function createGetBundle(
  db: Queryable,
): ServiceImplementation<typeof ExecutionService, ServiceCall>["getBundle"] {
  return async function* getBundle(request) {
    for await (const chunk of readBundle(db, parseGetBundle(request).bundleHash)) yield { chunk };
  };
}
