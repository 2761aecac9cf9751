import { useQuery } from "@connectrpc/connect-query";
import type { UseQueryResult } from "@tanstack/react-query";
import { DeploymentService, ErrorReason, type TaskDefinition } from "@windlass/proto";
import { reasonOf } from "./failure.ts";

const REFRESH_MS = 10_000;
const none: readonly TaskDefinition[] = [];

/** The tasks of the version that new runs take, by their ids; none while nothing is deployed. */
export function useCurrentTasks(): Pick<UseQueryResult<readonly TaskDefinition[]>, "data" | "error" | "refetch"> {
  const query = useQuery(
    DeploymentService.method.getCurrentDeployment,
    {},
    {
      refetchInterval: REFRESH_MS,
      select: ({ deployment }): readonly TaskDefinition[] =>
        (deployment?.tasks ?? []).toSorted((one, other) => (one.id < other.id ? -1 : 1)),
    },
  );
  const isNothingDeployed = query.error !== null && reasonOf(query.error) === ErrorReason.DEPLOYMENT_NOT_FOUND;
  return isNothingDeployed ? { ...query, data: none, error: null } : query;
}
