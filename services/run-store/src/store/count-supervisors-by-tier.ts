import type { Queryable, Statement } from "@windlass/chassis";

const COUNT_SUPERVISORS_BY_TIER: Statement = {
  name: "count_supervisors_by_tier",
  text: `
SELECT sandbox_tier, count(*)::int AS supervisors FROM supervisors GROUP BY sandbox_tier`,
};

/** How many supervisors live, by how they confine workers. */
export async function countSupervisorsByTier(db: Queryable): Promise<Record<string, number>> {
  const rows: readonly { readonly sandbox_tier: string; readonly supervisors: number }[] = await db.query(
    COUNT_SUPERVISORS_BY_TIER,
    [],
  );
  return Object.fromEntries(rows.map(({ sandbox_tier, supervisors }) => [sandbox_tier, supervisors]));
}
