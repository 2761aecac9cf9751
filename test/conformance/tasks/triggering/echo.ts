import { task } from "@windlass/sdk";

/** Gives back what it gets, and what its context says. */
export const echo = task({
  id: "echo",
  run: async (payload: unknown) => payload,
});

export const tellsContext = task({
  id: "tells-context",
  queue: { name: "own-queue" },
  run: async (_payload: { n?: number }, { ctx }) => ({
    tags: ctx.run.tags,
    isTest: ctx.run.isTest,
    isReplay: ctx.run.isReplay,
    maxAttempts: ctx.run.maxAttempts,
    maxDuration: ctx.run.maxDuration,
    priority: ctx.run.priority,
    idempotencyKey: ctx.run.idempotencyKey,
    queue: ctx.queue.name,
    machine: ctx.machine.name,
    version: ctx.run.version,
    batch: ctx.batch?.id,
    parent: ctx.run.parentTaskRunId,
    root: ctx.run.rootTaskRunId,
  }),
});

export const fails = task({
  id: "fails",
  retry: { maxAttempts: 1 },
  run: async () => {
    throw new Error("as asked");
  },
});

export const crashes = task({ id: "crashes", retry: { maxAttempts: 1 }, run: async () => process.exit(3) });

export const timesOut = task({ id: "times-out", maxDuration: 5, run: async () => await new Promise(() => {}) });
