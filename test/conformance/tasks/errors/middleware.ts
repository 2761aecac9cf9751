import { task } from "@windlass/sdk";
import { said } from "../said.ts";

const retry = { maxAttempts: 2, minTimeoutInMs: 1, maxTimeoutInMs: 1, randomize: false };

export const neverNext = task({
  id: "never-next",
  retry,
  middleware: () => said("middleware"),
  handleError: () => said("handleError"),
  run: async () => said("run"),
});

export const nextTwice = task({
  id: "next-twice",
  middleware: async ({ next }) => {
    await next();
    try {
      await next();
      said("the second next() returned");
    } catch (error) {
      said("the second next() threw", { error: String(error) });
    }
  },
  run: async () => said("run"),
});

/** Sees how next() ends when the attempt fails inside. */
export const watchesNext = task({
  id: "watches-next",
  retry: { maxAttempts: 1 },
  middleware: async ({ next }) => {
    try {
      const resolved: unknown = await next();
      said("next() resolved", { type: typeof resolved });
    } finally {
      said("finally");
    }
  },
  run: async () => {
    throw new Error("as asked");
  },
});
