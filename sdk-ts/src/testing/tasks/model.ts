import { setTimeout as delay } from "node:timers/promises";
import { locals, logger, schemaTask, task } from "@windlass/sdk";
import { z } from "zod";
import { activeAttempt } from "../../task/active-attempt.ts";

const attempt = () => {
  if (activeAttempt.current === undefined) throw new Error("there is no attempt");
  return activeAttempt.current;
};
const LOCAL = locals.create<string>("who was here");
const STATE = Symbol.for("a test's state");

/** Waits for as long as the test wants, with something in memory. */
export const waits = task({
  id: "waits",
  middleware: async ({ next }) => {
    logger.info("middleware in");
    await next();
    logger.info("middleware out");
  },
  onWait: ({ wait }) => logger.info(`onWait ${wait.type}`),
  onResume: ({ wait }) => logger.info(`onResume ${wait.type}`),
  onCancel: async ({ signal, runPromise }) => {
    const run = await runPromise.then(
      () => "returned",
      (error: unknown) => String(error),
    );
    logger.info(`onCancel ${signal.aborted} ${run}`);
  },
  cleanup: () => logger.info("cleaned up"),
  run: async (payload: { ms?: number }) => {
    const inMemory = { half: 21 };
    if (payload.ms !== undefined) await delay(payload.ms);
    await attempt().wait({ type: "duration", date: new Date(60_000) });
    return inMemory.half * 2;
  },
});

export const waitsTwice = task({
  id: "waits-twice",
  run: async () => {
    const first = attempt().wait({ type: "token", token: "token_1" });
    const second = await attempt()
      .wait({ type: "task", runId: "run_2" })
      .catch((error: unknown) => String(error));
    await first;
    return second;
  },
});

/** Returns a little after it was canceled. */
export const savesOnCancel = task({
  id: "saves-on-cancel",
  onCancel: async ({ runPromise, payload }) => {
    logger.info(`saved ${JSON.stringify(await runPromise)}`);
    if (payload === "hang") await new Promise(() => {});
  },
  run: async (_payload: string, { signal }) => {
    logger.info("begun");
    await delay(60_000, undefined, { signal }).catch(() => {});
    return { message: "Hello, world!" };
  },
});

/** Hangs in the function that the payload names. */
export const hangs = task({
  id: "hangs",
  onStart: async ({ payload }) => {
    logger.info("begun");
    if (payload === "onStart") await new Promise(() => {});
  },
  run: async (payload: "onStart" | "run" | "honours signal", { signal }) => {
    if (payload === "run") await new Promise(() => {});
    if (payload === "honours signal") await delay(60_000, undefined, { signal });
  },
  cleanup: () => logger.info("cleaned up"),
  onFailure: () => logger.info("must not run"),
});

/** Says what it finds of earlier attempts, and leaves something behind wherever an attempt can. */
export const keeps = task({
  id: "keeps",
  run: async (name: string) => {
    const { traceparent, initialMetadata } = attempt();
    const found = {
      local: locals.get(LOCAL) ?? null,
      state: attempt().state(STATE, () => ({ kept: "nothing" })).kept,
      traceparent,
      metadata: initialMetadata === undefined ? null : Buffer.from(initialMetadata.data).toString(),
    };
    locals.set(LOCAL, name);
    attempt().state(STATE, () => ({ kept: "nothing" })).kept = name;
    attempt().describe({
      addTags: [name],
      metadata: { data: Buffer.from(`{"name":"${name}"}`), contentType: "application/json" },
    });
    attempt().describe({ addTags: ["second"] });
    return found;
  },
});

export const checked = schemaTask({
  id: "checked",
  schema: z.object({ user: z.object({ age: z.number() }) }),
  middleware: async ({ next }) => {
    logger.info("must not run");
    await next();
  },
  run: async ({ user }) => user.age,
});

/** Decides by itself when it is repeated. */
export const decides = task({
  id: "decides",
  catchError: ({ error, retryDelayInMs }) => {
    logger.info(`default ${retryDelayInMs === undefined ? "none" : "some"}`);
    return { retryDelayInMs: 1_234, error: new RangeError(`instead of ${String(error)}`) };
  },
  onStartAttempt: () => {
    throw new Error("does not matter");
  },
  run: async () => {
    throw new Error("first");
  },
});
