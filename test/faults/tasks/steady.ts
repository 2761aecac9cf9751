import { setTimeout as sleep } from "node:timers/promises";
import { schedules, task } from "@windlass/sdk";

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

/** Two at a time for each concurrency key. */
export const limited = task({
  id: "limited",
  queue: { name: "limited", concurrencyLimit: 2 },
  retry: quickRetry,
  run: async (payload: { n: number; ms: number }) => {
    await sleep(payload.ms);
    return { n: payload.n };
  },
});

/** One at a time, whatever its key; waits in the middle for a child of the same queue, so that slots are given back and taken again. */
export const limitedParent = task({
  id: "limited-parent",
  queue: { name: "family", concurrencyLimit: 1 },
  retry: quickRetry,
  run: async (payload: { n: number }) => {
    const result = await limitedChild.triggerAndWait(payload, { idempotencyKey: `child-${payload.n}` });
    return { n: result.ok ? result.output.n : -1 };
  },
});

export const limitedChild = task({
  id: "limited-child",
  queue: { name: "family" },
  retry: quickRetry,
  run: async (payload: { n: number }) => ({ n: payload.n }),
});

/** The payload of a scheduled task is its tick. */
export const ticked = schedules.task({
  id: "ticked",
  retry: quickRetry,
  run: async (tick) => ({ at: tick.timestamp }),
});
