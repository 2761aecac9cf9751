// A run can be canceled at any time. `signal` tells the task: give it to whatever can be interrupted.
import { setTimeout as delay } from "node:timers/promises";
import { logger, task } from "@windlass/sdk";

export const cancelable = task({
  id: "cancelable",
  run: async (payload: { seconds: number }, { signal }) => {
    try {
      logger.info(`working for ${payload.seconds} s`);
      await delay(payload.seconds * 1_000, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
      // What is returned in time is stored with the canceled run.
      logger.warn("canceled", { reason: String(signal.reason) });
      return { finished: false };
    }
    return { finished: true };
  },
});
