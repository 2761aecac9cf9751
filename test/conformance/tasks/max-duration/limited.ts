import { setTimeout as sleep } from "node:timers/promises";
import { task, wait } from "@windlass/sdk";
import { said } from "../said.ts";

const never = () => new Promise<never>(() => {});

/** Where a run of "limited" spends its time. */
export type Spends =
  | "for ever"
  | "in a loop"
  | "in a loop, told"
  | "in hooks and run"
  | "waiting"
  | "around a wait"
  | "in two attempts"
  | "in init"
  | "in onStart"
  | "in onSuccess"
  | "in cleanup"
  | "no time";

export const limited = task({
  id: "limited",
  maxDuration: 5,
  retry: { maxAttempts: 2, minTimeoutInMs: 1, maxTimeoutInMs: 1 },
  run: async ({ spends }: { spends: Spends }, { ctx, signal }) => {
    said(`run ${ctx.attempt.number}`, { pid: process.pid, maxDuration: ctx.run.maxDuration });
    signal.addEventListener("abort", () => said("aborted", { reason: String(signal.reason) }));
    if (spends === "for ever") await never();
    if (spends === "in a loop" || spends === "in a loop, told") {
      if (spends === "in a loop, told") await sleep(50); // so that what was said before is told
      for (;;);
    }
    if (spends === "in hooks and run") await sleep(3_000);
    if (spends === "around a wait") {
      await sleep(3_000);
      await wait.for({ seconds: 6 });
      await sleep(3_000);
    }
    if (spends === "waiting") await wait.for({ seconds: 6 });
    if (spends === "in two attempts") {
      await sleep(3_000);
      if (ctx.attempt.number === 1) throw new Error("as asked");
    }
  },
  init: async ({ payload }) => {
    return payload.spends === "in init" ? await never() : undefined;
  },
  onStart: async ({ payload }) => {
    if (payload.spends === "in onStart") await never();
    if (payload.spends === "in hooks and run") await sleep(3_000);
  },
  onSuccess: async ({ payload }) => {
    if (payload.spends === "in onSuccess") await never();
  },
  cleanup: async ({ payload }) => {
    if (payload.spends === "in cleanup") await never();
  },
  handleError: () => said("handleError"),
  onFailure: () => said("onFailure"),
  onComplete: () => said("onComplete"),
});

/** Only the config, or a trigger, limits it. */
export const unlimited = task({
  id: "unlimited",
  run: async (_: unknown, { ctx }) => ctx.run.maxDuration ?? "none",
});
