import type { Queryable } from "@windlass/chassis";

const statement = {
  name: "count_working_api_keys",
  text: `SELECT count(*)::int4 AS count FROM api_keys WHERE environment_id = $1 AND revoke_time IS NULL`,
};

export async function countWorkingApiKeys(db: Queryable, environmentId: string): Promise<number> {
  const [row] = await db.query<{ count: number }>(statement, [environmentId]);
  return row?.count ?? 0;
}
