import type { Clock, Component, Logger, Queryable } from "@windlass/chassis";
import { createRepeatLoop } from "../repeat-loop.ts";
import { deleteDeadRunWaits } from "../store/run-waits.ts";

const INTERVAL_MS = 60_000;
const ROWS_PER_STATEMENT = 1_000;

/** Removes what runs waited for whose wait ended otherwise than by its end: canceled, lost with their supervisor. Such rows do no harm, but stay. */
export function createDeadWaitLoop({
  db,
  clock,
  logger,
}: {
  readonly db: Queryable;
  readonly clock: Clock;
  readonly logger: Logger;
}): Component {
  return createRepeatLoop({
    name: "dead waits",
    clock,
    logger,
    intervalMs: INTERVAL_MS,
    turn: async () => (await deleteDeadRunWaits(db, ROWS_PER_STATEMENT)) >= ROWS_PER_STATEMENT,
  });
}
