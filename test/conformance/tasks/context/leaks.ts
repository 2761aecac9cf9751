import { setTimeout as sleep } from "node:timers/promises";
import { locals, logger, metadata, task, tasks } from "@windlass/sdk";
import { said } from "../said.ts";
import { tells } from "./nested/tells.ts";

const Leaked = locals.create<string>("leaked");

/** Changes everything that a next run in the same process must not see. */
export const pollutes = task({
  id: "pollutes",
  run: async () => {
    process.env["LEAKED"] = "yes";
    delete process.env["GREETING"];
    process.chdir("/");
    process.on("exit", () => {});
    locals.set(Leaked, "yes");
    metadata.set("leaked", "yes");
    tasks.onSuccess("leaked", () => said("the leaked hook"));
    tasks.middleware("leaked", ({ next }) => next());
    console.log = () => {};
    return process.pid;
  },
});

/** Leaves something behind that goes on after it has returned. */
export const leavesBehind = task({
  id: "leaves-behind",
  run: async ({ forMs }: { forMs: number }) => {
    const until = performance.now() + forMs;
    const interval = setInterval(() => {
      if (performance.now() > until) clearInterval(interval);
      console.log("left behind: console");
      logger.info("left behind: logger");
      metadata.set("leftBehind", true);
      tasks.onSuccess("left behind", () => said("left behind: hook"));
      process.env["LEFT_BEHIND"] = "yes";
    }, 2);
    return process.pid;
  },
});

/** Long enough that what others left behind can be seen. */
export const looksAround = task({
  id: "looks-around",
  run: async () => {
    await sleep(200);
    return { pid: process.pid, metadata: metadata.current() ?? {} };
  },
});

/** Tells everything that "pollutes" changes. */
export const reports = task({
  id: "reports",
  run: async (_: unknown, { ctx }) => {
    console.log("console works");
    return {
      pid: process.pid,
      env: { ...process.env },
      cwd: process.cwd(),
      exitListeners: process.listenerCount("exit"),
      local: locals.get(Leaked) ?? null,
      metadata: metadata.current() ?? {},
      child: (await tells.trigger({})).id,
      tags: ctx.run.tags,
    };
  },
});
