import { expect, test } from "vitest";
import { createLogger } from "./logger.ts";

function setUp(level: "debug" | "info" | "warn" = "info") {
  const lines: string[] = [];
  const logger = createLogger({ service: "queue", level, write: (line) => void lines.push(line) });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? "") as Record<string, unknown> };
}

test("a line is one JSON object with time, level, service and message, then the fields", () => {
  const { logger, lines, last } = setUp();
  logger.with({ runId: "run_1" }).with({ attempt: 2 }).info("leased\nagain", { supervisorId: "s1" });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^\{.*\}\n$/);
  expect(last()).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
    level: "info",
    service: "queue",
    msg: "leased\nagain",
    runId: "run_1",
    attempt: 2,
    supervisorId: "s1",
  });
});

test("below the level nothing is written", () => {
  const { logger, lines } = setUp("warn");
  logger.debug("no");
  logger.with({ a: 1 }).info("no");
  logger.warn("yes");
  logger.error("yes");
  expect(lines).toHaveLength(2);
});

test("errors are logged with code, causes and stack; bigints as text", () => {
  const { logger, last } = setUp();
  const cause = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  logger.error("failed", { error: new Error("no database", { cause }), sequence: 12n });
  expect(last()).toMatchObject({
    sequence: "12",
    error: {
      name: "Error",
      message: "no database",
      stack: expect.stringContaining("logger.test.ts") as string,
      cause: { message: "refused", code: "ECONNREFUSED" },
    },
  });
});

test("an error chain without end, a cycle and a hostile getter cost fields, not the line", () => {
  const { logger, last } = setUp();
  const endless = new Error("endless");
  endless.cause = endless;
  logger.warn("odd", { error: endless });
  expect(last()).toMatchObject({ msg: "odd", error: { message: "endless" } });
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  logger.warn("odd", { cycle });
  expect(last()).toMatchObject({
    msg: "odd",
    level: "warn",
    unloggable: expect.stringContaining("circular") as string,
  });
  const hostile = {
    get value(): never {
      throw new Error("gotcha");
    },
  };
  logger.warn("odd", { hostile });
  expect(last()).toMatchObject({ msg: "odd", unloggable: "Error: gotcha" });
});

test("an error that quotes the parameters of its query is logged without them", () => {
  const { logger, last } = setUp();
  const query = "insert into api_keys values ($1)";
  const error = Object.assign(new Error(`Failed query: ${query}\nparams: topsecret`), { query, params: ["topsecret"] });
  logger.error("failed", { error });
  expect(JSON.stringify(last())).not.toContain("topsecret");
  expect(last()).toMatchObject({ error: { message: `Failed query: ${query}` } });
});

test("a message of megabytes is cut", () => {
  const { logger, lines } = setUp();
  logger.error("failed", { error: new Error("x".repeat(3_000_000)) });
  expect(lines[0]?.length).toBeLessThan(30_000);
});
