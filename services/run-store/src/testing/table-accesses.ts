import type { Postgres, Statement } from "@windlass/chassis";

/**
 * How a statement reads some tables in the plan that is kept for it, whatever the values: a line of EXPLAIN for each access, and for each join that is no look-up, sorted.
 * `setting` is a statement run before it in the same transaction.
 */
export async function tableAccesses(
  postgres: Postgres,
  { text }: Statement,
  tables: readonly string[],
  setting?: Statement,
): Promise<string[]> {
  const rows = await postgres.transaction(async (tx) => {
    if (setting !== undefined) await tx.query(setting, []);
    return tx.query<{ "QUERY PLAN": string }>({ name: "", text: `EXPLAIN (GENERIC_PLAN, COSTS OFF) ${text}` }, []);
  });
  const isAccess = new RegExp(`Scan\\b.* on (?:${tables.join("|")})\\b|(?:Hash|Merge) Join`);
  return rows
    .map((row) => row["QUERY PLAN"].replace(/^[\s>-]+/, "").trim())
    .filter((line) => isAccess.test(line))
    .toSorted();
}
