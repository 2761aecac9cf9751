import { useQuery } from "@connectrpc/connect-query";
import { type Run, RunService } from "@windlass/proto";

/** What success and durations are computed from. */
export const LAST_RUNS = 100;
const REFRESH_MS = 10_000;

/** The last runs of a task, newest first; undefined while they are being read. */
export function useLastRuns(taskId: string): readonly Run[] | undefined {
  const { data } = useQuery(
    RunService.method.listRuns,
    { taskId, pageSize: LAST_RUNS },
    { refetchInterval: REFRESH_MS },
  );
  return data?.runs;
}
