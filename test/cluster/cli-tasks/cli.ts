import { logger, task } from "@windlass/sdk";

export const sum = task({
  id: "sum",
  onStart: async () => {},
  run: async (payload: { numbers: number[] }) => {
    logger.info("summing", { count: payload.numbers.length });
    return { sum: payload.numbers.reduce((total, number) => total + number, 0) };
  },
});

export const fails = task({
  id: "fails",
  retry: { maxAttempts: 2, minTimeoutInMs: 10, maxTimeoutInMs: 10 },
  run: async () => {
    throw new RangeError("on purpose");
  },
});

/** Runs until it is canceled. */
export const patient = task({
  id: "patient",
  run: async (_payload: unknown, { signal }) => {
    console.log("waiting");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  },
});
