/** Between which bounds a backoff grows, and by what dice. */
export interface BackoffOptions {
  /** The longest wait after the first failure (default 50 ms). */
  readonly firstMs?: number;
  /** The longest wait of all (default 2 s). */
  readonly longestMs?: number;
  /** From 0 up to 1 (default Math.random). */
  readonly random?: (() => number) | undefined;
}

/**
 * How long to wait after the given number of failures in a row (from 1): at random below a bound that doubles with each of them ("full jitter"), so that those who failed together
 * do not come back together.
 */
export function backoffMs(failures: number, options: BackoffOptions = {}): number {
  const { firstMs = 50, longestMs = 2_000, random = Math.random } = options;
  return random() * Math.min(longestMs, firstMs * 2 ** (failures - 1));
}
