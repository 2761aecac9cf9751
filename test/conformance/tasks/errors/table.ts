import { once } from "node:events";
import { task, wait } from "@windlass/sdk";
import { said } from "../said.ts";
import { reach, type Plan } from "./reach.ts";

/** The task whose every function can throw. */
export const table = task({
  id: "table",
  retry: { maxAttempts: 2, minTimeoutInMs: 1, maxTimeoutInMs: 1, randomize: false },
  run: async (payload: Plan, { ctx, init, signal }) => {
    said("init data", { ...init });
    reach("run", payload);
    if (ctx.attempt.number <= (payload.failures ?? 0)) throw new Error("as asked");
    if (payload.wait === true) await wait.for({ seconds: 6 });
    if (payload.untilCanceled === true) {
      said("running");
      await once(signal, "abort");
    }
    return "the output";
  },
  middleware: async ({ payload, next }) => {
    reach("task middleware before", payload);
    await next();
    reach("task middleware after", payload);
  },
  init: ({ payload }) => {
    reach("task init", payload);
    return { fromTask: true };
  },
  onStart: ({ payload }) => reach("task onStart", payload),
  onStartAttempt: ({ payload }) => reach("task onStartAttempt", payload),
  onWait: ({ payload }) => reach("task onWait", payload),
  onResume: ({ payload }) => reach("task onResume", payload),
  onSuccess: ({ payload }) => reach("task onSuccess", payload),
  onFailure: ({ payload }) => reach("task onFailure", payload),
  onComplete: ({ payload }) => reach("task onComplete", payload),
  onCancel: ({ payload }) => reach("task onCancel", payload),
  handleError: ({ payload }) => reach("task handleError", payload),
  cleanup: ({ payload }) => reach("task cleanup", payload),
});
