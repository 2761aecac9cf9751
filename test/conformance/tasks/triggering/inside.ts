import { batch, idempotencyKeys, logger, metadata, tags, task, tasks, usage } from "@windlass/sdk";
import { said } from "../said.ts";
import { echo, tellsContext } from "./echo.ts";

export const triggersInside = task({
  id: "triggers-inside",
  run: async () => {
    const one = await tellsContext.trigger({});
    const byId = await tasks.trigger<typeof tellsContext>("tells-context", {});
    const many = await tellsContext.batchTrigger([{ payload: {} }, { payload: {} }]);
    const mixed = await batch.trigger<typeof echo | typeof tellsContext>([
      { id: "echo", payload: "first" },
      { id: "tells-context", payload: {} },
    ]);
    return {
      one: one.id,
      byId: byId.id,
      many: many.runs.map(({ id }) => id),
      manyId: many.batchId,
      mixed: mixed.runs.map(({ id }) => id),
    };
  },
});

/** Triggers twice with a key of each scope, in each of two attempts. */
export const scopesKeys = task({
  id: "scopes-keys",
  retry: { maxAttempts: 2, minTimeoutInMs: 1, maxTimeoutInMs: 1 },
  run: async ({ unique }: { unique: string }, { ctx }) => {
    for (const scope of ["run", "attempt", "global"] as const) {
      const key = await idempotencyKeys.create([unique, "key"], { scope });
      const first = await echo.trigger(scope, { idempotencyKey: key });
      const second = await echo.trigger(scope, { idempotencyKey: key });
      said(`${scope} ${ctx.attempt.number}`, { first: first.id, second: second.id });
    }
    if (ctx.attempt.number === 1) throw new Error("as asked");
  },
});

export const logs = task({
  id: "logs",
  run: async () => {
    logger.trace("logger.trace", { n: 1 });
    logger.debug("logger.debug");
    logger.log("logger.log");
    logger.info("logger.info", { nested: { list: [1, 2] } });
    logger.warn("logger.warn");
    logger.error("logger.error");
    console.debug("console.debug");
    console.log("console.log %s", "formatted", { more: true });
    console.info("console.info");
    console.warn("console.warn");
    console.error("console.error");
  },
});

export const describesItself = task({
  id: "describes-itself",
  run: async () => {
    const before = metadata.current();
    metadata.set("status", "working").increment("count", 2).append("steps", "one");
    metadata.append("steps", "two");
    metadata.del("gone");
    await metadata.flush();
    await tags.add("added");
    await tags.add(["also", "added"]);
    return { before, status: metadata.get("status"), now: metadata.current() };
  },
});

export const measures = task({
  id: "measures",
  run: async () => {
    const measured = await usage.measure(() => {
      const until = performance.now() + 50;
      while (performance.now() < until);
      return "result";
    });
    const current = usage.getCurrent();
    return {
      result: measured.result,
      measuredMs: measured.compute.durationMs,
      attemptMs: current.compute.attempt.durationMs,
      totalMs: current.compute.total.durationMs,
    };
  },
});
