import { compare } from "../run-order.ts";

/** How shards are divided at one moment. */
export interface ShardDivision {
  /** All shards there are. */
  readonly shards: readonly number[];
  /** Who was last given each; it may be dead. */
  readonly ownerByShard: ReadonlyMap<number, string>;
  /** Queue services that live. */
  readonly live: readonly string[];
}

/** What one queue service's hello changes. */
export interface ShardShare {
  /** Those that the caller shall have. */
  readonly shards: readonly number[];
  /** Those that it has and is to let go of, since others have too few. */
  readonly unwanted: readonly number[];
  /** Shards that get another owner at once. */
  readonly moves: ReadonlyMap<number, string>;
}

/**
 * Shares shards out evenly and moves as few as that takes. A caller takes shards of owners that are dead, up to its share. A live owner that has too many is asked to let go, and
 * what it has let go of (`released`) goes at once to whoever has too few. So no shard is ever without an owner, and none has two.
 */
export function shareShards(division: ShardDivision, caller: string, released: readonly number[]): ShardShare {
  const { shards, ownerByShard, live } = division;
  const isLive = new Set(live);
  const letGo = shards.filter((shard) => released.includes(shard) && ownerByShard.get(shard) === caller);
  const orphaned: number[] = [];
  const held = new Map(live.map((id) => [id, new Set<number>()]));
  for (const shard of shards) {
    const owner = ownerByShard.get(shard);
    if (owner === undefined || !isLive.has(owner)) orphaned.push(shard);
    else if (!letGo.includes(shard)) held.get(owner)?.add(shard);
  }
  const targets = targetsOf(shards.length, held);
  const lackOf = (id: string): number => (targets.get(id) ?? 0) - (held.get(id)?.size ?? 0);

  const moves = new Map<number, string>();
  const give = (shard: number, to: string): void => {
    held.get(to)?.add(shard);
    if (ownerByShard.get(shard) !== to) moves.set(shard, to);
  };
  for (const shard of letGo) {
    const [neediest] = live
      .filter((id) => id !== caller && lackOf(id) > 0)
      .toSorted((a, b) => lackOf(b) - lackOf(a) || compare(a, b));
    give(shard, neediest ?? caller);
  }
  for (const shard of orphaned) if (lackOf(caller) > 0) give(shard, caller);

  const mine = Array.from(held.get(caller) ?? []).toSorted((a, b) => a - b);
  const keep = mine.length + Math.min(lackOf(caller), 0);
  return { shards: mine.slice(0, keep), unwanted: mine.slice(keep), moves };
}

/** How many shards each shall have: whoever has more now gets what cannot be divided. */
function targetsOf(total: number, held: ReadonlyMap<string, ReadonlySet<number>>): Map<string, number> {
  const ranked = Array.from(held).toSorted(([a, x], [b, y]) => y.size - x.size || compare(a, b));
  const [share, rest] = [Math.floor(total / ranked.length), total % ranked.length];
  return new Map(ranked.map(([id], rank) => [id, share + (rank < rest ? 1 : 0)]));
}
