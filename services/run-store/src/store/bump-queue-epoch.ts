import type { Queryable, Statement } from "@windlass/chassis";

const BUMP_QUEUE_EPOCH: Statement = {
  name: "bump_queue_epoch",
  text: `
INSERT INTO queue_epochs (shard, epoch, owner, acquire_time) VALUES (0, 1, $1, now())
ON CONFLICT (shard) DO UPDATE SET epoch = queue_epochs.epoch + 1, owner = excluded.owner, acquire_time = excluded.acquire_time
RETURNING epoch`,
};

/** Makes `owner` the owner of the queue and returns its epoch. When this resolves, no claim of an earlier epoch is in flight, and none follows (I4). */
export async function bumpQueueEpoch(db: Queryable, owner: string): Promise<bigint> {
  const [row] = await db.query<{ epoch: bigint }>(BUMP_QUEUE_EPOCH, [owner]);
  if (row === undefined) throw new Error("an upsert returned no row");
  return row.epoch;
}
