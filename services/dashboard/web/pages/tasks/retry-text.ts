import type { RetryPolicy } from "@windlass/proto";
import { formatDuration } from "../../format/duration.ts";

/** "3 attempts, 1.0 s × 2 up to 10.0 s, spread; out of memory: on large-1x"; "1 attempt". */
export function retryText(retry: RetryPolicy): string {
  const { maxAttempts, factor, minTimeoutMs, maxTimeoutMs, randomize, outOfMemoryMachine } = retry;
  if (maxAttempts <= 1) return "1 attempt";
  const delay = `${formatDuration(Number(minTimeoutMs))} × ${factor} up to ${formatDuration(Number(maxTimeoutMs))}`;
  const memory = outOfMemoryMachine === "" ? "" : `; out of memory: on ${outOfMemoryMachine}`;
  const inDevelopment = retry.isDisabledInDevelopment ? "; once in development" : "";
  return `${maxAttempts} attempts, ${delay}${randomize ? ", spread" : ""}${memory}${inDevelopment}`;
}
