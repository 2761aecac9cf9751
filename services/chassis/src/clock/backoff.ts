const FIRST_MS = 50;
const MAX_MS = 2_000;

/** How long to wait after the given number of failures in a row (from 1): exponential, with full jitter, at most 2 s. */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  return random() * Math.min(MAX_MS, FIRST_MS * 2 ** (failures - 1));
}
