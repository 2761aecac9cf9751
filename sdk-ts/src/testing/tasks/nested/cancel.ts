import { setTimeout as delay } from "node:timers/promises";
import { logger, task } from "@windlass/sdk";

export default task({
  id: "cancelable",
  cleanup: () => logger.info("cleaned up"),
  onComplete: () => logger.info("must not run"),
  run: async (what: "return" | "throw", { signal }) => {
    logger.info("waiting");
    await delay(60_000, undefined, { signal }).catch((error: unknown) => {
      if (what === "throw") throw error;
    });
    return { reason: (signal.reason as Error).message, name: (signal.reason as Error).name };
  },
});
