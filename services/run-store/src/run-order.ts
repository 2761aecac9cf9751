/** Orders by the primary key of runs, as the database does: statements that lock the same runs in this order cannot deadlock. */
export function byRunKey(
  a: { readonly environmentId: string; readonly runId: string },
  b: { readonly environmentId: string; readonly runId: string },
): number {
  return compare(a.environmentId, b.environmentId) || compare(a.runId, b.runId);
}

/** By code unit, which for the characters of ids is the "C" collation of the database. */
export function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
