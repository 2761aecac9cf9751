import type { Clock, Component, Logger, Postgres } from "@windlass/chassis";
import { createRepeatLoop } from "./repeat-loop.ts";
import { createEventPartition, type EventPartition, hasEventPartition } from "./store/create-event-partition.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;
/** Today and the days after it: as long as a cluster may be stopped without a day's entries going to the default partition. */
const DAYS_AHEAD = 7;
const INTERVAL_MS = 6 * 60 * 60 * 1_000;

/**
 * Makes the timeline's partitions ahead of time, one a day (UTC), so that old days can be dropped instead of deleted row by row. Should it fail, entries go to the default
 * partition and nothing else suffers. Several replicas may try at once: one of them succeeds.
 */
export function createPartitionLoop(options: {
  readonly postgres: Postgres;
  readonly clock: Clock;
  readonly logger: Logger;
}): Component {
  const { postgres, clock, logger } = options;
  return createRepeatLoop({
    ...options,
    name: "timeline partitions",
    intervalMs: INTERVAL_MS,
    turn: async () => {
      for (const partition of partitionsFrom(clock.nowMs(), DAYS_AHEAD)) {
        if (await hasEventPartition(postgres, partition)) continue;
        await postgres
          .transaction((tx) => createEventPartition(tx, partition))
          .catch((error: unknown) => logger.warn("a day of the timeline has no partition", { ...partition, error }));
      }
      return false;
    },
  });
}

/** Today's partition and those of the days after it. */
export function partitionsFrom(nowMs: number, daysAhead: number): EventPartition[] {
  const day = (offset: number): string => new Date(nowMs + offset * DAY_MS).toISOString().slice(0, 10);
  return Array.from({ length: daysAhead + 1 }, (_, index) => ({ day: day(index), nextDay: day(index + 1) }));
}
