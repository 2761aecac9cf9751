import type { Logger, Postgres } from "@windlass/chassis";
import {
  deleteQueueService,
  listQueueServices,
  listShardOwners,
  lockShards,
  renewQueueService,
  setShardOwners,
} from "../store/queue-services.ts";
import { QUEUE_SHARDS } from "./environment-shards.ts";
import { shareShards, type ShardShare } from "./shard-policy.ts";

/** A queue service's sign of life. */
export interface Hello {
  readonly id: string;
  readonly address: string;
  /** Shards that it has let go of. */
  readonly released: readonly number[];
}

/** A queue service that has said nothing for so long has lost its shards: three hellos. */
const TTL_MS = 3_000;
const SHARDS = Array.from({ length: QUEUE_SHARDS }, (_, shard) => shard);

/** Renews a queue service and says which shards it shall have. One transaction, one at a time in the cluster; a crash leaves all as it was. */
export async function holdShards(
  { postgres, logger }: { readonly postgres: Postgres; readonly logger: Logger },
  { id, address, released }: Hello,
): Promise<ShardShare> {
  const share = await postgres.transaction(async (tx) => {
    await lockShards(tx);
    await renewQueueService(tx, { id, address }, TTL_MS);
    const live = (await listQueueServices(tx)).map((service) => service.id);
    const result = shareShards({ shards: SHARDS, ownerByShard: await listShardOwners(tx), live }, id, released);
    await setShardOwners(tx, result.moves);
    return result;
  });
  for (const [shard, owner] of share.moves) logger.info("a shard of the queue has another owner", { shard, owner });
  return share;
}

/** A queue service leaves: others take its shards with their next hello. */
export async function leaveShards(postgres: Postgres, id: string): Promise<void> {
  await deleteQueueService(postgres, id);
}
