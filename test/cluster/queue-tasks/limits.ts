import { setTimeout as sleep } from "node:timers/promises";
import { queue, task } from "@windlass/sdk";
import { passGate } from "./gate.ts";

const single = queue({ name: "single", concurrencyLimit: 1 });

/** One at a time, each for a moment. */
export const singleTask = task({
  id: "single",
  queue: single,
  run: async (payload: { n: number }) => {
    await sleep(10);
    return { n: payload.n };
  },
});

/** Two at a time for each concurrency key; executes until its gate is open. */
export const pair = task({ id: "pair", queue: { name: "pair", concurrencyLimit: 2 }, run: passGate });

/** One at a time until the test says otherwise. */
export const adjusted = task({ id: "adjusted", queue: { name: "adjusted", concurrencyLimit: 1 }, run: passGate });

/** Without a limit of its own. */
export const gated = task({ id: "gated", run: passGate });

/** Five within two seconds. */
export const rated = task({
  id: "rated",
  queue: { name: "rated", rateLimit: { limit: 5, period: "2s" } },
  run: async () => {},
});

/** At most three of its runs may wait. */
export const short = task({ id: "short", queue: { name: "short", maxLength: 3 }, run: async () => {} });

/** Fails once, and then waits for longer than a test lasts. */
export const slowRetry = task({
  id: "slow-retry",
  retry: { maxAttempts: 2, minTimeoutInMs: 3_600_000, maxTimeoutInMs: 3_600_000, randomize: false },
  run: async () => {
    throw new Error("not today");
  },
});
