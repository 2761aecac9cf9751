import type { Queryable, ServiceCall } from "@windlass/chassis";
import type { ExecutionService } from "@windlass/proto";
import type { ServiceImplementation } from "@windlass/proto/grpc";
import { parseGetVariables } from "../validation/variable-requests.ts";
import { getVariables } from "../variables/get-variables.ts";

/** The handler of ExecutionService.GetVariables. */
export function createGetVariables(
  db: Queryable,
): ServiceImplementation<typeof ExecutionService, ServiceCall>["getVariables"] {
  return async (request) => {
    const { variables, revision } = await getVariables(db, parseGetVariables(request).environmentId);
    return { variables: Object.fromEntries(variables), revision };
  };
}
