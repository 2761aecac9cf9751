import { task } from "@windlass/sdk";

/** Has every hook, so that the trace has a span of each. */
export const traced = task({
  id: "traced",
  retry: { maxAttempts: 2, minTimeoutInMs: 1, maxTimeoutInMs: 1, factor: 1, randomize: false },
  init: async () => ({}),
  onStart: async () => {},
  onSuccess: async () => {},
  onComplete: async () => {},
  cleanup: async () => {},
  run: async (_payload: object, { ctx }) => {
    if (ctx.attempt.number === 1) throw new Error("the first attempt fails");
  },
});
