import type { ServiceCall } from "@windlass/chassis";
import type { ExecutionService } from "@windlass/proto";
import type { ServiceImplementation } from "@windlass/proto/grpc";
import { parseGetVariables } from "../validation/variable-requests.ts";
import { type ReadVariablesOptions, readVariables } from "../variables/read-variables.ts";

/** The handler of ExecutionService.GetVariables. */
export function createGetVariables(
  options: ReadVariablesOptions,
): ServiceImplementation<typeof ExecutionService, ServiceCall>["getVariables"] {
  return async (request) => {
    const { values, revision, secretNames } = await readVariables(
      options,
      parseGetVariables(request).environmentId,
      true,
    );
    return { variables: values, revision, secretNames };
  };
}
