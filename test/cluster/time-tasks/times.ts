import { task } from "@windlass/sdk";
import { passGate } from "./gate.ts";

/** Gives back what it was given. */
export const echo = task({ id: "echo", run: async (payload: unknown) => payload });

/** Executes until its gate is open. */
export const gated = task({ id: "gated", run: passGate });

/** Fails in its first attempt, and succeeds after a pause. */
export const secondTime = task({
  id: "second-time",
  retry: { maxAttempts: 2, factor: 1, minTimeoutInMs: 6_000, maxTimeoutInMs: 6_000, randomize: false },
  run: async (_payload: unknown, { ctx }) => {
    if (ctx.attempt.number === 1) throw new Error("the first attempt always fails");
  },
});

/** Fails for good. */
export const hopeless = task({
  id: "hopeless",
  retry: { maxAttempts: 1 },
  run: async () => {
    throw new Error("never");
  },
});
