import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { z } from "zod";
import { commonVariables } from "./common-variables.ts";
import { ConfigInvalid, parseConfig } from "./load-config.ts";
import { address, commaList, wholeNumber } from "./schemas.ts";
import { variable } from "./variable.ts";

const variables = {
  ...commonVariables,
  TEST_LISTEN: variable(address("listen").default("127.0.0.1:0"), { description: "Where to listen." }),
  TEST_LIMIT_MS: variable(wholeNumber({ min: 1, max: 1_000 }).default(50), { description: "A limit.", unit: "ms" }),
  TEST_URLS: variable(commaList().default([]), { description: "Some URLs." }),
};
const token = "0123456789abcdef";

test("defaults fill what is unset, and an empty string counts as unset", () => {
  const config = parseConfig(variables, { WINDLASS_INTERNAL_TOKEN: token, TEST_LIMIT_MS: "", TEST_URLS: "a, b,," });
  expect(config).toMatchObject({
    WINDLASS_LOG_LEVEL: "info",
    WINDLASS_INTERNAL_TOKEN: token,
    WINDLASS_DRAIN_TIMEOUT_MS: 30_000,
    OTEL_EXPORTER_OTLP_ENDPOINT: undefined,
    TEST_LISTEN: "127.0.0.1:0",
    TEST_LIMIT_MS: 50,
    TEST_URLS: ["a", "b"],
  });
  expect(config.TEST_LIMIT_MS satisfies number).toBe(50);
});

test("every problem is told at once, by the variable's name, without its value", () => {
  const env = {
    WINDLASS_LOG_LEVEL: "loud",
    WINDLASS_INTERNAL_TOKEN: "secret-but-short",
    OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318",
    TEST_LISTEN: "127.0.0.1",
    TEST_LIMIT_MS: "1e9",
  };
  const problems = problemsOf(() => parseConfig({ ...variables, TOKEN: variable(z.string().min(20), secret) }, env));
  expect(problems.map((problem) => problem.split(":")[0])).toEqual([
    "WINDLASS_LOG_LEVEL",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "TEST_LISTEN",
    "TEST_LIMIT_MS",
    "TOKEN",
  ]);
  expect(problems).toContain("TOKEN: must be set");
  expect(problems).toContain("TEST_LIMIT_MS: must be a whole number");
  expect(problems.join()).not.toContain("secret-but-short");
});

const secret = { description: "A secret.", secret: true };

test.each([
  ["connect", "127.0.0.1:0", false],
  ["connect", "localhost:7070", true],
  ["connect", "[::1]:7070", true],
  ["connect", "run-store.windlass.svc:7070", true],
  ["connect", "localhost:70700", false],
  ["connect", "localhost", false],
  ["connect", "http://localhost:1", false],
  ["connect", "local host:1", false],
  ["listen", "0.0.0.0:0", true],
  ["listen", "", false],
] as const)("address to %s: %j is %s", (use, text, isValid) => {
  expect(address(use).safeParse(text).success).toBe(isValid);
});

const program = `
  import { loadConfig, commonVariables, variable } from "./index.ts";
  import { z } from "zod";
  const config = loadConfig("test-service", {
    ...commonVariables,
    TEST_PASSWORD: variable(z.string().default("hidden-default"), { description: "A password.", secret: true }),
  });
  console.log("service runs", config.WINDLASS_LOG_LEVEL);
`;

test("--help lists every variable with default, unit and description, and no secret", async () => {
  const { stdout } = await runProgram({}, "--help");
  expect(stdout).toMatch(/^NAME +DEFAULT +UNIT +DESCRIPTION$/m);
  expect(stdout).toMatch(/^WINDLASS_DRAIN_TIMEOUT_MS +30000 +ms +How long/m);
  expect(stdout).toMatch(/^WINDLASS_INTERNAL_TOKEN +\(required\)/m);
  expect(stdout).toMatch(/^OTEL_EXPORTER_OTLP_ENDPOINT +\(unset\)/m);
  expect(stdout).toMatch(/^TEST_PASSWORD +\(secret\)/m);
  expect(stdout).not.toContain("hidden-default");
  expect(stdout).not.toContain("service runs");
});

test("--version names service and version", async () => {
  expect((await runProgram({}, "--version")).stdout).toMatch(/^test-service \d+\.\d+\.\d+\n$/);
});

test("an unusable environment prints every problem and exits 2; a usable one starts", async () => {
  await expect(runProgram({ WINDLASS_LOG_LEVEL: "loud" })).rejects.toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringMatching(/WINDLASS_LOG_LEVEL: .*\n.*WINDLASS_INTERNAL_TOKEN: must be set/) as string,
  });
  expect((await runProgram({ WINDLASS_INTERNAL_TOKEN: token })).stdout).toBe("service runs info\n");
});

async function runProgram(env: Record<string, string>, ...args: string[]) {
  const nodeArgs = ["--input-type=module-typescript", "--eval", program, "--", "main.ts", ...args];
  return promisify(execFile)(process.execPath, nodeArgs, { env, cwd: import.meta.dirname });
}

function problemsOf(parse: () => unknown): readonly string[] {
  try {
    parse();
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.problems;
    throw error;
  }
  throw new Error("the environment was accepted");
}
