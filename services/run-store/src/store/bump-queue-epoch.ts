import type { Queryable, Statement } from "@windlass/chassis";

const BUMP_QUEUE_EPOCH: Statement = {
  name: "bump_queue_epoch",
  text: `
UPDATE queue_epochs SET epoch = epoch + 1, acquire_time = now() WHERE shard = $1 AND owner = $2
RETURNING epoch`,
};

/**
 * Begins a new epoch of a shard for its owner; undefined when it belongs to somebody else. When this resolves, no claim of an earlier epoch is in flight, and none
 * follows (I4).
 */
export async function bumpQueueEpoch(
  db: Queryable,
  { shard, owner }: { readonly shard: number; readonly owner: string },
): Promise<bigint | undefined> {
  const [row] = await db.query<{ epoch: bigint }>(BUMP_QUEUE_EPOCH, [shard, owner]);
  return row?.epoch;
}
