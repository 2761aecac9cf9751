import type { Clock, Component, Logger, Queryable } from "@windlass/chassis";
import { createRepeatLoop } from "../repeat-loop.ts";
import { deleteExpiredKeys } from "../store/delete-expired-keys.ts";

const INTERVAL_MS = 60_000;
const KEYS_PER_TURN = 1_000;

/** Removes idempotency keys whose time is over, so that they do not pile up (I10). Nothing waits for it: such a key is free anyway. */
export function createExpiredKeyLoop(options: {
  readonly db: Queryable;
  readonly clock: Clock;
  readonly logger: Logger;
}): Component {
  return createRepeatLoop({
    ...options,
    name: "expired idempotency keys",
    intervalMs: INTERVAL_MS,
    turn: async () => (await deleteExpiredKeys(options.db, KEYS_PER_TURN)) === KEYS_PER_TURN,
  });
}
