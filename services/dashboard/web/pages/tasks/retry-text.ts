import type { RetryPolicy } from "@windlass/proto";
import { formatDuration } from "../../format/duration.ts";

/** "3 attempts, 1.0 s × 2 up to 10.0 s, spread"; "1 attempt". */
export function retryText(retry: RetryPolicy): string {
  const { maxAttempts, factor, minTimeoutMs, maxTimeoutMs, randomize } = retry;
  if (maxAttempts <= 1) return "1 attempt";
  const delay = `${formatDuration(Number(minTimeoutMs))} × ${factor} up to ${formatDuration(Number(maxTimeoutMs))}`;
  return `${maxAttempts} attempts, ${delay}${randomize ? ", spread" : ""}`;
}
