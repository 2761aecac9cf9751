import type { Logger, Queryable } from "@windlass/chassis";
import { ensureQueues } from "../store/queues.ts";

/** Makes the queues that triggers name, once each. */
export interface QueueNames {
  /**
   * Undefined when all of these are known to be there. Never rejects: a queue that could not be made keeps no run from being stored, and is made with the next trigger that
   * names it.
   */
  ensure(environmentId: string, names: readonly string[]): Promise<void> | undefined;
}

/** Queues known to be there; the oldest is forgotten first, and made sure of again (I10). */
const MAX_KNOWN = 100_000;

export function createQueueNames({ db, logger }: { readonly db: Queryable; readonly logger: Logger }): QueueNames {
  const known = new Set<string>();
  const keyOf = (environmentId: string, name: string): string => `${environmentId}/${name}`;

  const make = async (environmentId: string, names: readonly string[]): Promise<void> => {
    try {
      await ensureQueues(db, environmentId, names);
    } catch (error) {
      logger.warn("queues are left to be made with the next trigger", { environmentId, error });
      return;
    }
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
