import { setTimeout as sleep } from "node:timers/promises";
import { task } from "@windlass/sdk";

const quickRetry = { maxAttempts: 10, factor: 1, minTimeoutInMs: 50, maxTimeoutInMs: 50, randomize: false };

/** Works for a moment, so that a fault finds it running. */
export const steady = task({
  id: "steady",
  retry: quickRetry,
  run: async (payload: { n: number; ms: number }) => {
    await sleep(payload.ms);
    return { n: payload.n };
  },
});

/** Fails in its first attempt and succeeds in the second, so that a fault finds it between attempts. */
export const secondTimeLucky = task({
  id: "second-time-lucky",
  retry: quickRetry,
  run: async (payload: { n: number }, { ctx }) => {
    if (ctx.attempt.number === 1) throw new Error("the first attempt always fails");
    return { n: payload.n };
  },
});
