import type { Queryable } from "@windlass/chassis";
import { ensureQueues } from "../store/queues.ts";

/** Makes the queues that triggers name, once each. */
export interface QueueNames {
  /** Undefined when all of these are known to be there. */
  ensure(environmentId: string, names: readonly string[]): Promise<void> | undefined;
}

/** Queues known to be there; the oldest is forgotten first, and made sure of again (I10). */
const MAX_KNOWN = 100_000;

export function createQueueNames(db: Queryable): QueueNames {
  const known = new Set<string>();
  const keyOf = (environmentId: string, name: string): string => `${environmentId}/${name}`;

  const make = async (environmentId: string, names: readonly string[]): Promise<void> => {
    await ensureQueues(db, environmentId, names);
    for (const name of names) {
      const [oldest] = known;
      if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest);
      known.add(keyOf(environmentId, name));
    }
  };

  return {
    ensure(environmentId, names) {
      const unknown = names.filter((name) => name !== "" && !known.has(keyOf(environmentId, name)));
      return unknown.length === 0 ? undefined : make(environmentId, Array.from(new Set(unknown)));
    },
  };
}
