import { setTimeout as sleep } from "node:timers/promises";
import { task } from "@windlass/sdk";

/** One of very many. */
export const crowd = task({ id: "crowd", run: async () => {} });

/** Two at a time for each concurrency key, each for a moment. */
export const crowdPair = task({
  id: "crowd-pair",
  queue: { name: "crowd-pair", concurrencyLimit: 2 },
  run: () => sleep(10),
});
