// A task that throws is tried again: three attempts in all, unless `retry` says otherwise.
import { AbortTaskRunError, logger, task } from "@windlass/sdk";

export const withRetries = task({
  id: "with-retries",
  retry: {
    maxAttempts: 4,
    factor: 2,
    minTimeoutInMs: 100,
    maxTimeoutInMs: 1_000,
    randomize: false,
  },
  run: async (payload: { failures: number; giveUp?: boolean }, { ctx }) => {
    logger.info(`attempt ${ctx.attempt.number} of ${ctx.run.maxAttempts}`);
    // Another attempt would not help: the run fails at once.
    if (payload.giveUp === true) throw new AbortTaskRunError("this cannot work");
    if (ctx.attempt.number <= payload.failures) throw new Error(`attempt ${ctx.attempt.number} fails as asked`);
    return { attempts: ctx.attempt.number };
  },
});
