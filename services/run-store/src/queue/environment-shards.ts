import type { Queryable } from "@windlass/chassis";
import { selectShards } from "../store/select-shards.ts";

/** How many parts the queue space has; environments.queue_shard says which part an environment belongs to, for ever. */
export const QUEUE_SHARDS = 8;

/** Which shard each environment belongs to, read once. */
export interface EnvironmentShards {
  /** Undefined when it is not known yet; then `load` finds out. */
  of(environmentId: string): number | undefined;
  /** Makes the shards of these environments known, as far as they exist. Costs nothing for those that are. */
  load(environmentIds: Iterable<string>): Promise<void>;
}

/** Environments remembered; the oldest is forgotten first (I10). */
const MAX_KNOWN = 100_000;

export function createEnvironmentShards(db: Queryable): EnvironmentShards {
  const known = new Map<string, number>();
  return {
    of: (environmentId) => known.get(environmentId),
    async load(environmentIds) {
      const unknown = new Set<string>();
      for (const id of environmentIds) if (!known.has(id)) unknown.add(id);
      if (unknown.size === 0) return;
      for (const [id, shard] of await selectShards(db, Array.from(unknown))) {
        const [oldest] = known.keys();
        if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest);
        known.set(id, shard);
      }
    },
  };
}
