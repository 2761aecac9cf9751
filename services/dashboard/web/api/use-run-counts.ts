import { useQuery } from "@connectrpc/connect-query";
import { RunService } from "@windlass/proto";

const REFRESH_MS = 2_000;

/** How many runs wait for their turn, execute, and failed within the hour, as texts, live; undefined until they are known. */
export function useRunCounts() {
  const { data } = useQuery(RunService.method.countRuns, {}, { refetchInterval: REFRESH_MS });
  if (data === undefined) return undefined;
  const { queued, executing, failedLastHour, maxCount } = data;
  const text = (count: number): string => `${count.toLocaleString("en")}${count >= maxCount ? "+" : ""}`;
  return { queued: text(queued), executing: text(executing), failed: text(failedLastHour) };
}
