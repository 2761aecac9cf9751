import { task, tasks } from "@windlass/sdk";
import { said } from "../said.ts";

/** Every hook, and an end as the payload says. */
export const ordered = task({
  id: "ordered",
  middleware: async ({ next }) => {
    said("task middleware before");
    await next();
    said("task middleware after");
  },
  init: () => said("task init"),
  onStart: () => said("task onStart"),
  onStartAttempt: () => said("task onStartAttempt"),
  onSuccess: () => said("task onSuccess"),
  onFailure: () => said("task onFailure"),
  onComplete: () => said("task onComplete"),
  handleError: () => said("task handleError"),
  cleanup: () => said("task cleanup"),
  run: async ({ failures, exit }: { failures?: number; exit?: boolean }, { ctx }) => {
    said("run");
    if (exit === true) process.exit(3);
    if (ctx.attempt.number <= (failures ?? 0)) throw new Error("as asked");
  },
});

/** Registers hooks inside `run`, when asked. */
export const registering = task({
  id: "registering",
  run: async ({ register }: { register: boolean }) => {
    if (!register) return;
    tasks.onSuccess(() => said("onSuccess of this run"));
    tasks.cleanup("of this run", () => said("cleanup of this run"));
  },
});
