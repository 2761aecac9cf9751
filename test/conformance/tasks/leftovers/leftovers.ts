import { setTimeout as sleep } from "node:timers/promises";
import { logger, metadata, task, tasks } from "@windlass/sdk";
import { said } from "../said.ts";

/** Leaves something behind that goes on after it has returned. */
export const leavesBehind = task({
  id: "leaves-behind",
  run: async ({ forMs }: { forMs: number }) => {
    const until = performance.now() + forMs;
    const interval = setInterval(() => {
      if (performance.now() > until) clearInterval(interval);
      console.log("left behind: console");
      logger.info("left behind: logger");
      tasks.onSuccess("left behind", () => said("left behind: hook"));
      try {
        metadata.set("leftBehind", true);
      } catch {
        // There is no run any more that has metadata.
      }
    }, 2);
    return process.pid;
  },
});

/** Long enough that what others left behind can be seen. */
export const looksAround = task({
  id: "looks-around",
  run: async () => {
    await sleep(200);
    return { pid: process.pid, metadata: metadata.current() ?? {} };
  },
});
