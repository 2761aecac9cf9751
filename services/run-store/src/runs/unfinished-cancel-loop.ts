import type { Component, Logger } from "@windlass/chassis";
import { createRepeatLoop } from "../repeat-loop.ts";
import { listLeftByCancels, RUN_START, type RunKey } from "../store/list-left-by-cancels.ts";
import { cancelRun, type CancelRunOptions } from "./cancel-run.ts";

const INTERVAL_MS = 5_000;
const RUNS_PER_TURN = 1_000;

/**
 * Goes on with cancels that a crash interrupted between a run and those it has triggered. Each turn looks at the next runs that have not ended, so its cost does not grow with
 * their number; a turn that found something is followed by the next at once.
 */
export function createUnfinishedCancelLoop(options: CancelRunOptions & { readonly logger: Logger }): Component {
  let after: RunKey = RUN_START;
  return createRepeatLoop({
    ...options,
    name: "unfinished cancels",
    intervalMs: INTERVAL_MS,
    turn: async () => {
      const { left, next } = await listLeftByCancels(options.postgres, { after, limit: RUNS_PER_TURN });
      for (const run of left) await cancelRun(options, run);
      after = next ?? RUN_START;
      return left.length > 0 && next !== undefined;
    },
  });
}
