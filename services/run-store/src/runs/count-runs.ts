import type { Queryable } from "@windlass/chassis";
import * as store from "../store/count-runs.ts";

/** So many entries of an index are read in some milliseconds. */
const MAX_COUNT = 10_000;

/** What CountRuns answers. */
export interface RunCounts {
  readonly queued: number;
  readonly executing: number;
  readonly failedLastHour: number;
  readonly maxCount: number;
}

/** How many runs of an environment wait for their turn, execute, and failed within the hour. */
export async function countRuns(db: Queryable, environmentId: string): Promise<RunCounts> {
  const { queued, executing, failed_last_hour } = await store.countRuns(db, environmentId, MAX_COUNT);
  return { queued, executing, failedLastHour: failed_last_hour, maxCount: MAX_COUNT };
}
