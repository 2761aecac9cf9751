import type { Clock, Queryable } from "@windlass/chassis";
import { selectNowMs } from "../store/select-now.ts";

/** Put forward by more than this between two looks, the clock was set and did not drift. */
const JUMP_MS = 1_000;
/** Longer than a living supervisor is silent: two of its heartbeats, unless it is told otherwise. */
const GRACE_MS = 10_000;

/**
 * Knows when the database's clock was put forward: its leases seem to have run out then, although nobody had the time to renew them. Compared is what passed on this process's monotonic
 * clock, which goes on evenly; each reading is known to lie between asking and answer, so that a slow answer is no jump.
 */
export interface DatabaseClock {
  /** Reads the database's clock. */
  look(): Promise<void>;
  /** How much longer leases are to be left alone; 0 when the clock was not put forward lately. */
  graceLeftMs(): number;
}

export function createDatabaseClock({ db, clock }: { readonly db: Queryable; readonly clock: Clock }): DatabaseClock {
  /** At the last look: the database's clock is at most so far ahead of the monotonic one. */
  let aheadMs = Number.POSITIVE_INFINITY;
  let jumpedAtMs = Number.NEGATIVE_INFINITY;
  return {
    async look() {
      const askedMs = clock.monotonicMs();
      const databaseMs = await selectNowMs(db);
      const answeredMs = clock.monotonicMs();
      if (databaseMs - answeredMs > aheadMs + JUMP_MS) jumpedAtMs = answeredMs;
      aheadMs = databaseMs - askedMs;
    },
    graceLeftMs: () => Math.max(0, jumpedAtMs + GRACE_MS - clock.monotonicMs()),
  };
}
