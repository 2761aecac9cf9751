import { locals, metadata, task, tasks } from "@windlass/sdk";
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
