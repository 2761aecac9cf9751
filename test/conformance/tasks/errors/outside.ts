import { task } from "@windlass/sdk";
import { said } from "../said.ts";

/** Fails its first attempt outside of any await. */
export const throwsOutside = task({
  id: "throws-outside",
  retry: { maxAttempts: 2, minTimeoutInMs: 1, maxTimeoutInMs: 1, randomize: false },
  run: async ({ how }: { how: "exception" | "rejection" }, { ctx }) => {
    said(`attempt ${ctx.attempt.number}`, { pid: process.pid });
    if (ctx.attempt.number === 2) return;
    if (how === "rejection") void Promise.reject(new Error("nobody awaits this"));
    else
      setTimeout(() => {
        throw new Error("nobody awaits this");
      });
    await new Promise(() => {}); // never settles
  },
});
