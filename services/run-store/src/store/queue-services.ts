import type { Queryable } from "@windlass/chassis";

/** A queue service that lives. */
export interface QueueServiceRow {
  readonly id: string;
  readonly address: string;
}

/** Of the transactions that share out shards, one at a time: "qshards" in ASCII. Not a lock of the epochs' rows, which would hold up claims. */
const LOCK = 0x71736861726473n;

const lock = { name: "lock_queue_shards", text: "SELECT pg_advisory_xact_lock($1)" };
const upsert = {
  name: "upsert_queue_service",
  text: `
    WITH gone AS (DELETE FROM queue_services WHERE id <> $1 AND expire_time <= now())
    INSERT INTO queue_services (id, address, expire_time) VALUES ($1, $2, now() + $3::float8 * interval '1 millisecond')
    ON CONFLICT (id) DO UPDATE SET address = excluded.address, expire_time = excluded.expire_time`,
};
const remove = { name: "delete_queue_service", text: "DELETE FROM queue_services WHERE id = $1" };
const list = {
  name: "list_queue_services",
  text: "SELECT id, address FROM queue_services WHERE expire_time > now() ORDER BY id",
};
const owners = { name: "list_shard_owners", text: "SELECT shard, owner FROM queue_epochs" };
const setOwners = {
  name: "set_shard_owners",
  text: `
    INSERT INTO queue_epochs (shard, epoch, owner, acquire_time)
    SELECT shard, 1, owner, now() FROM unnest($1::int4[], $2::text[]) AS i (shard, owner) ORDER BY shard
    ON CONFLICT (shard) DO UPDATE SET owner = excluded.owner`,
};
const ownerOf = {
  name: "select_owner_of_environment",
  text: `
    SELECT s.id, s.address FROM environments e
    JOIN queue_epochs q ON q.shard = e.queue_shard
    JOIN queue_services s ON s.id = q.owner AND s.expire_time > now()
    WHERE e.id = $1`,
};

/** Holds everybody else off who shares out shards, until the transaction ends. */
export async function lockShards(tx: Queryable): Promise<void> {
  await tx.query(lock, [LOCK]);
}

/** A queue service lives for so long from now on. Those whose time is over are forgotten. */
export async function renewQueueService(tx: Queryable, service: QueueServiceRow, ttlMs: number): Promise<void> {
  await tx.query(upsert, [service.id, service.address, ttlMs]);
}

/** Removes a queue service that leaves. */
export async function deleteQueueService(tx: Queryable, id: string): Promise<void> {
  await tx.query(remove, [id]);
}

/** Those that live, by id. */
export function listQueueServices(db: Queryable): Promise<QueueServiceRow[]> {
  return db.query<QueueServiceRow>(list, []);
}

/** Who was last given each shard, whether or not it lives. A shard that nobody ever had is missing. */
export async function listShardOwners(db: Queryable): Promise<Map<number, string>> {
  const rows = await db.query<{ shard: number; owner: string }>(owners, []);
  return new Map(rows.map((row) => [row.shard, row.owner]));
}

/** Gives shards to owners. Their epochs begin when they watch. */
export async function setShardOwners(tx: Queryable, ownerByShard: ReadonlyMap<number, string>): Promise<void> {
  if (ownerByShard.size > 0)
    await tx.query(setOwners, [Array.from(ownerByShard.keys()), Array.from(ownerByShard.values())]);
}

/** The live owner of an environment's shard; undefined when nobody owns it at the moment. */
export async function selectQueueServiceOf(db: Queryable, environmentId: string): Promise<QueueServiceRow | undefined> {
  const [row] = await db.query<QueueServiceRow>(ownerOf, [environmentId]);
  return row;
}
