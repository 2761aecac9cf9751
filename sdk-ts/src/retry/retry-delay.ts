/** How long to wait after a failed try, or attempt. */
export interface BackoffOptions {
  readonly factor: number;
  readonly minTimeoutInMs: number;
  readonly maxTimeoutInMs: number;
  readonly randomize: boolean;
}

/** Milliseconds after try `n` (from 1): round(min(maxTimeoutInMs, (randomize ? 1..2 : 1) * minTimeoutInMs * factor^(n-1))). `random` is 0 to 1. */
export function retryDelayMs(options: BackoffOptions, n: number, random: number): number {
  const { factor, minTimeoutInMs, maxTimeoutInMs, randomize } = options;
  const spread = randomize ? 1 + random : 1;
  return Math.round(Math.min(maxTimeoutInMs, spread * minTimeoutInMs * factor ** (n - 1)));
}
