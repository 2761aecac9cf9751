import type { Queryable } from "@windlass/chassis";

const statement = {
  name: "select_shards",
  text: "SELECT id, queue_shard FROM environments WHERE id = ANY ($1::text[])",
};

/** The shards of these environments, by id. An environment that does not exist is missing. */
export async function selectShards(db: Queryable, environmentIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await db.query<{ id: string; queue_shard: number }>(statement, [environmentIds]);
  return new Map(rows.map((row) => [row.id, row.queue_shard]));
}
