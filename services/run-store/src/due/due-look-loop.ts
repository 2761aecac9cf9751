import type { Clock, Component, Logger, Postgres } from "@windlass/chassis";
import type { Feed } from "../feed/feed.ts";
import { createRepeatLoop } from "../repeat-loop.ts";
import { DUE_START } from "../store/list-due.ts";
import type { DatabaseClock } from "./database-clock.ts";
import { listDue } from "./list-due.ts";

const INTERVAL_MS = 1_000;
/** More than the interval, so that a look that is late by a second still finds what is due before the next. */
const AHEAD_MS = 2_500;
/** More than this many at once are known to a scheduler that is behind; the soonest come first, so the look gets to the others. */
const MAX_ITEMS = 1_000;

/**
 * Tells this process's watchers each second what is due at once or in the next seconds, as the database has it. So what another replica has stored comes due within about a second without NATS
 * (I9), and what was told of an hour ago, or out of a long statement, is told again in time and exactly. Costs nothing while nobody watches.
 */
export function createDueLookLoop(options: {
  readonly postgres: Postgres;
  readonly feed: Feed;
  readonly databaseClock: DatabaseClock;
  readonly clock: Clock;
  readonly logger: Logger;
}): Component {
  const { feed, databaseClock } = options;
  let told: ReadonlySet<string> = new Set();
  return createRepeatLoop({
    ...options,
    name: "look at what is due soon",
    intervalMs: INTERVAL_MS,
    turn: async () => {
      // Who comes to watch lists first: what has been told before it came is known to it.
      if (feed.due.subscriberCount === 0) return false;
      // Before what has leapt into the past by a jump is told.
      await databaseClock.look();
      const { items, positions } = await listDue(options, { after: DUE_START, horizonMs: AHEAD_MS, size: MAX_ITEMS });
      const keys = positions.map(({ dueTimeUs, id }) => `${dueTimeUs}/${id}`);
      feed.due.publish(items.filter((_, index) => !told.has(keys[index] ?? "")));
      told = new Set(keys);
      return false;
    },
  });
}
