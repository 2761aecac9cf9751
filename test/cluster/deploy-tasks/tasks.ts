import { type TaskContext, task, wait } from "@windlass/sdk";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { label } from "./label.ts";

/** What a run says of the code that executed it. */
function told(ctx: TaskContext) {
  return { label, version: ctx.deployment?.version, pid: process.pid };
}

export const quick = task({
  id: "quick",
  run: async (_payload: object, { ctx }) => told(ctx),
});

/** Executes until its gate is open. */
export const held = task({
  id: "held",
  run: async ({ gate }: { gate: string }, { ctx, signal }) => {
    while (!existsSync(gate)) await sleep(20, undefined, { signal });
    return told(ctx);
  },
});

/** Fails, under its version's name, until its gate is open. */
export const repeated = task({
  id: "repeated",
  retry: { maxAttempts: 100, minTimeoutInMs: 200, maxTimeoutInMs: 500, factor: 1, randomize: false },
  run: async ({ gate }: { gate: string }, { ctx }) => {
    if (!existsSync(gate)) throw new Error(label);
    return told(ctx);
  },
});

/** Its first two attempts fail, under their version's name. */
export const flaky = task({
  id: "flaky",
  retry: { maxAttempts: 3, minTimeoutInMs: 300, maxTimeoutInMs: 600, factor: 2, randomize: true },
  run: async (_payload: object, { ctx }) => {
    if (ctx.attempt.number < 3) throw new Error(label);
    return told(ctx);
  },
});

/** Waits for a token, and says what it was before and after. */
export const waiting = task({
  id: "waiting",
  run: async ({ token }: { token: string }, { ctx }) => {
    const before = told(ctx);
    await wait.forToken(token);
    return { ...told(ctx), before };
  },
});

/** Is suspended for a moment, and says what it was before and after. */
export const pausing = task({
  id: "pausing",
  run: async (_payload: object, { ctx }) => {
    const before = told(ctx);
    await wait.for({ seconds: 6 });
    return { ...told(ctx), before };
  },
});
