import type { Clock, Component, Logger, Queryable } from "@windlass/chassis";
import { createRepeatLoop } from "./repeat-loop.ts";
import { deleteExpiredKeys } from "./store/delete-expired-keys.ts";
import { deleteSpentDebounces } from "./store/delete-spent-debounces.ts";
import { deleteDeadRunWaits } from "./store/run-waits.ts";

const INTERVAL_MS = 60_000;
const ROWS_PER_STATEMENT = 1_000;

/** How each kind of row that says nothing any more is removed. */
const REMOVALS = {
  /** Of those whose time is over; such a key is free anyway. */
  "expired idempotency keys": deleteExpiredKeys,
  /** Of those whose runs have begun or ended; the next trigger of such a key makes a new run anyway. */
  "spent debounce keys": deleteSpentDebounces,
  /** Of runs whose wait ended otherwise than by its end: canceled, lost with their supervisor. */
  "dead waits": deleteDeadRunWaits,
};

/** Loops that remove rows that say nothing any more, so that they do not pile up (I10). Nothing waits for them. */
export function createRemovalLoops(options: {
  readonly db: Queryable;
  readonly clock: Clock;
  readonly logger: Logger;
}): Component[] {
  return Object.entries(REMOVALS).map(([name, remove]) =>
    createRepeatLoop({
      ...options,
      name,
      intervalMs: INTERVAL_MS,
      turn: async () => (await remove(options.db, ROWS_PER_STATEMENT)) >= ROWS_PER_STATEMENT,
    }),
  );
}
