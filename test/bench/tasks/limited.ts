import { task } from "@windlass/sdk";

/** Does nothing, behind every kind of limit. */
export const limited = task({
  id: "bench-limited",
  queue: {
    name: "bench-limited",
    concurrencyLimit: 50,
    rateLimit: { limit: 1_000_000, period: "1s", perKey: true },
  },
  run: async () => {},
});
