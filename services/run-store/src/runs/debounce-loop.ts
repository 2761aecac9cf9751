import type { Clock, Component, Logger, Queryable } from "@windlass/chassis";
import { createRepeatLoop } from "../repeat-loop.ts";
import { deleteSpentDebounces } from "../store/delete-spent-debounces.ts";

const INTERVAL_MS = 60_000;
const KEYS_PER_TURN = 1_000;

/** Removes debounce keys whose runs have begun or ended, so that they do not pile up (I10). Nothing waits for it: the next trigger of such a key makes a new run anyway. */
export function createDebounceLoop(options: {
  readonly db: Queryable;
  readonly clock: Clock;
  readonly logger: Logger;
}): Component {
  return createRepeatLoop({
    ...options,
    name: "spent debounce keys",
    intervalMs: INTERVAL_MS,
    turn: async () => (await deleteSpentDebounces(options.db, KEYS_PER_TURN)) === KEYS_PER_TURN,
  });
}
