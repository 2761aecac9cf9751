import { AbortTaskRunError, logger, schedules, task } from "@windlass/sdk";

export const noop = task({ id: "noop", run: async () => {} });

export const echo = task({ id: "echo", run: async (payload: unknown) => payload });

export const scheduled = schedules.task({
  id: "scheduled",
  cron: "0 9 * * *",
  run: async ({ timestamp, upcoming }) => [timestamp, ...upcoming].map((date) => date.toISOString()),
});

export const context = task({
  id: "context",
  queue: { name: "special" },
  retry: { maxAttempts: 7 },
  run: async (_payload: unknown, { ctx }) => ctx,
});

export const logs = task({
  id: "logs",
  run: async () => {
    console.log("Hello %s", "world", { a: 1 });
    console.debug("console.debug");
    console.info("console.info");
    console.warn("console.warn");
    console.error(new Error("console.error"));
    logger.trace("logger.trace");
    logger.debug("logger.debug");
    logger.log("logger.log");
    logger.warn("logger.warn", { big: 1n });
    logger.error("x".repeat(100_000), { self: globalThis });
  },
});

export const flood = task({
  id: "flood",
  run: async () => {
    for (let line = 0; line < 200_000; line++) console.log(`${line} ${"x".repeat(100)}`);
  },
});

export const throws = task({
  id: "throws",
  run: async () => {
    throw Object.assign(new TypeError("boom", { cause: new Error("why") }), { code: 42 });
  },
});

export const aborts = task({
  id: "aborts",
  run: async () => {
    throw new AbortTaskRunError("never mind");
  },
});

/** Throws what the payload names. */
export const throwsAnything = task({
  id: "throws-anything",
  run: async (what: "null" | "undefined" | "huge" | "hostile") => {
    if (what === "null") throw null;
    if (what === "undefined") throw undefined;
    if (what === "huge") throw new Error("x".repeat(50 * 1024 * 1024));
    throw Object.defineProperty(new Error("hostile"), "message", {
      get: () => {
        throw new Error("no");
      },
    });
  },
});

export const badOutput = task({
  id: "bad-output",
  run: async (what: "symbol" | "function" | "circle" | "large") => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    return { symbol: { deep: [Symbol("s")] }, function: { fn: () => {} }, circle, large: "x".repeat(20 * 1024 * 1024) }[
      what
    ];
  },
});

/** Not exported. */
task({ id: "private", run: async () => "private" });
