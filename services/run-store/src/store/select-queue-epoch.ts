import type { Queryable } from "@windlass/chassis";

const statement = { name: "select_queue_epoch", text: "SELECT epoch FROM queue_epochs WHERE shard = $1" };

/** A shard's epoch; undefined before it has had an owner. */
export async function selectQueueEpoch(db: Queryable, shard: number): Promise<bigint | undefined> {
  const [row] = await db.query<{ epoch: bigint }>(statement, [shard]);
  return row?.epoch;
}
