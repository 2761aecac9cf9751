import { logger, task, tasks } from "@windlass/sdk";

/** Says what it finds, then leaves as much behind as it can. */
export const leaky = task({
  id: "leaky",
  run: async (_payload: unknown, { ctx }) => {
    const found = {
      env: process.env["LEAKED"],
      path: process.env["PATH"] !== undefined,
      cwd: process.cwd(),
      listeners:
        process.listenerCount("SIGUSR2") +
        process.listenerCount("uncaughtException") +
        process.listenerCount("unhandledRejection"),
    };
    tasks.onSuccess("leaked", () => logger.info("hook of this attempt"));
    process.env["LEAKED"] = "yes";
    delete process.env["PATH"];
    process.chdir("/");
    process.on("SIGUSR2", () => {});
    process.removeAllListeners("unhandledRejection");
    process.on("uncaughtException", () => {});
    console.log = () => {};
    (ctx as { attempt: unknown }).attempt = { number: 99 };
    return found;
  },
});

export const secrets = task({
  id: "secrets",
  run: async () => Object.keys(process.env).filter((name) => name.startsWith("WINDLASS_")),
});

export const exitsTalking = task({
  id: "exits-talking",
  run: async (turns: number) => {
    console.log("about to exit");
    for (let nth = 0; nth < turns; nth += 1) await new Promise((resolve) => setImmediate(resolve));
    process.exit(7);
  },
});

export const exits = task({ id: "exits", run: async () => process.exit(7) });

export const blocks = task({
  id: "blocks",
  run: async (ms: number) => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  },
});
