import { setTimeout as sleep } from "node:timers/promises";
import { AbortTaskRunError, runs, task } from "@windlass/sdk";
import { said } from "../said.ts";
import { decide, type DecidingPayload } from "./decide.ts";

export const usesConfig = task({
  id: "uses-config",
  handleError: ({ retry, retryDelayInMs }) => said("handleError", { retry, retryDelayInMs }),
  run: async () => {
    throw new Error("as asked");
  },
});

/** Names one option; the others are the config's. */
export const overConfig = task({
  id: "over-config",
  retry: { maxAttempts: 2 },
  handleError: ({ retry }) => said("handleError", { retry }),
  run: async () => {
    throw new Error("as asked");
  },
});

/** A formula whose third delay is bounded by maxTimeoutInMs. */
export const formula = task({
  id: "formula",
  retry: { maxAttempts: 4, factor: 2, minTimeoutInMs: 100, maxTimeoutInMs: 250, randomize: false },
  handleError: ({ retryAt, retryDelayInMs }) =>
    said("handleError", { delay: retryDelayInMs ?? "none", hasDate: retryAt !== undefined }),
  run: async () => {
    throw new Error("as asked");
  },
});

export const randomized = task({
  id: "randomized",
  retry: { maxAttempts: 5, factor: 1, minTimeoutInMs: 50, maxTimeoutInMs: 1_000, randomize: true },
  handleError: ({ retryDelayInMs }) => said("handleError", { delay: retryDelayInMs }),
  run: async () => {
    throw new Error("as asked");
  },
});

export const deciding = task({
  id: "deciding",
  retry: { maxAttempts: 3, minTimeoutInMs: 5, maxTimeoutInMs: 5, randomize: false },
  run: async ({ failures }: DecidingPayload, { ctx }) => {
    if (ctx.attempt.number <= failures) throw new Error("as asked");
  },
  handleError: ({ payload, ctx, retryDelayInMs }) => {
    said("task handleError");
    if (payload.task === "error" && ctx.attempt.number === 1) said("decides after", { delay: retryDelayInMs });
    return decide(payload.task, ctx.attempt.number, payload.always);
  },
  onFailure: ({ error }) => said("onFailure", { error: String(error) }),
});

export const aborting = task({
  id: "aborting",
  handleError: () => said("handleError"),
  onFailure: () => said("onFailure"),
  onComplete: () => said("onComplete"),
  cleanup: () => said("cleanup"),
  run: async () => {
    throw new AbortTaskRunError("it would not help");
  },
});

/** Aborts in middleware or cleanup, or says why in a class of its own. */
export const abortsElsewhere = task({
  id: "aborts-elsewhere",
  middleware: async ({ payload, next }) => {
    if ((payload as { where: string }).where === "middleware") throw new AbortTaskRunError("it would not help");
    await next();
  },
  cleanup: ({ payload }) => {
    if ((payload as { where: string }).where === "cleanup") throw new AbortTaskRunError("it would not help");
  },
  handleError: () => said("handleError"),
  run: async (_payload: { where: "middleware" | "cleanup" }) => {},
});

export const sdkError = task({
  id: "sdk-error",
  run: async () => {
    await runs.retrieve("run_00000000000000000000000000");
  },
});

/** Ends its process the first times. */
export const endsItsProcess = task({
  id: "ends-its-process",
  retry: { maxAttempts: 3, minTimeoutInMs: 5, maxTimeoutInMs: 5, randomize: false },
  handleError: () => said("handleError"),
  run: async ({ how, times }: { how: "exit" | "SIGSEGV"; times: number }, { ctx }) => {
    if (ctx.attempt.number > times) return;
    if (how === "exit") process.exit(7);
    process.kill(process.pid, "SIGSEGV");
    await new Promise(() => {}); // until the signal is there
  },
});

async function eatMemory(): Promise<never> {
  await sleep(50); // so that what was said before is told
  const eaten: unknown[] = [];
  for (;;) eaten.push(Array.from({ length: 100_000 }, (_, index) => ({ index })));
}

export const needsMoreMemory = task({
  id: "needs-more-memory",
  machine: "micro",
  retry: { maxAttempts: 3, minTimeoutInMs: 5, maxTimeoutInMs: 5, outOfMemory: { machine: "small-2x" } },
  run: async (_: unknown, { ctx }) => {
    said(`attempt ${ctx.attempt.number}`, { ...ctx.machine });
    if (ctx.machine.name === "micro") await eatMemory();
  },
});

export const runsOutOfMemory = task({
  id: "runs-out-of-memory",
  machine: "micro",
  run: async () => eatMemory(),
});
