import { logger, queue, task } from "@windlass/sdk";

/** Shared by all tasks that name it: two runs at once, whichever task they are of. */
const reports = queue({ name: "reports", concurrencyLimit: 2 });

export const report = task({
  id: "report",
  queue: reports,
  // A small report needs no small-2x; one that runs out of memory is tried again on a larger machine.
  machine: "micro",
  retry: { outOfMemory: { machine: "medium-1x" } },
  run: async (payload: { rows: number }, { ctx }) => {
    logger.debug("below the log level of the config: not in the timeline");
    logger.info(`attempt ${ctx.attempt.number} of ${ctx.run.maxAttempts} on ${ctx.machine.name}`);
    return { sum: Array.from({ length: payload.rows }, (_, row) => row).reduce((a, b) => a + b, 0) };
  },
});
