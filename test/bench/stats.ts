/** Sorted copy, ascending. */
function sorted(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

/** The p-th percentile (0..100) by the nearest-rank rule; NaN for no values. */
export function percentile(values: readonly number[], p: number): number {
  const all = sorted(values);
  return all[Math.max(0, Math.ceil((p / 100) * all.length) - 1)] ?? Number.NaN;
}

/** The 50th percentile. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}
