import type { RetryPolicy } from "@windlass/proto";

/** "3 attempts"; "once". */
export function attemptsText(retry: RetryPolicy | undefined): string {
  const attempts = retry?.maxAttempts ?? 1;
  return attempts <= 1 ? "once" : `${attempts} attempts`;
}
