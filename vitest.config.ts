import path from "node:path";
import { defineConfig } from "vitest/config";

/** Tests end with a name that says what they check; these are found, the rest of test/ is what they share. */
const testFiles = "**/*.test.ts";
const globalSetup = "test/kit/global-setup.ts";
/** As in tsconfig.json. */
const resolve = { alias: { "@trigger.dev/sdk": path.resolve(import.meta.dirname, "sdk-ts/src/index.ts") } };

// Services, commands and test files begin with what another process of any test run has compiled, in half the processor time. What has changed is compiled anew.
process.env["NODE_COMPILE_CACHE"] ??= path.resolve(import.meta.dirname, ".windlass/test/compiled");

/** What measures time against what a machine can do alone. */
const timed = [
  "test/cluster/{delays-and-ttl,fairness,shards}.test.ts",
  "test/faults/{due-elsewhere,supervisor-life}.test.ts",
];

export default defineConfig({
  test: {
    passWithNoTests: false,
    reporters: process.env["CI"] === "true" ? ["dot"] : ["default"],
    projects: [
      {
        // Beside the code it tests: pure rules, and one service against real PostgreSQL and nats-server.
        test: {
          name: "unit",
          include: [`proto/${testFiles}`, `sdk-ts/${testFiles}`, `services/${testFiles}`, `deploy/${testFiles}`],
          globalSetup,
          setupFiles: "test/kit/patience.ts",
          sequence: { groupOrder: 0 },
          maxWorkers: 4, // many wait for processes that they start, or for a second to pass
          testTimeout: 60_000,
          hookTimeout: 60_000,
          typecheck: {
            enabled: true,
            include: ["{proto,sdk-ts,services,deploy}/**/*.test-d.ts"],
            tsconfig: "tsconfig.json",
            ignoreSourceErrors: true, // npm run verify reports them
          },
        },
      },
      {
        // Whole clusters, three at a time, after the others: each is a dozen processes that mostly wait.
        resolve,
        test: {
          name: "cluster",
          include: [`test/${testFiles}`],
          exclude: [`test/conformance/${testFiles}`, `test/dashboard/${testFiles}`, ...timed],
          globalSetup,
          setupFiles: "test/kit/end-clusters.ts",
          sequence: { groupOrder: 1 },
          maxWorkers: 3,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        // Those that say how long something may take: one at a time.
        resolve,
        test: {
          name: "timed",
          include: timed,
          globalSetup,
          setupFiles: "test/kit/end-clusters.ts",
          sequence: { groupOrder: 2 },
          maxWorkers: 1,
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        // The task model, rule by rule, all on one cluster. Its tests mostly wait, so they do it together.
        resolve,
        test: {
          name: "conformance",
          include: [`test/conformance/${testFiles}`],
          globalSetup: "test/conformance/harness/global-setup.ts",
          sequence: { groupOrder: 3, concurrent: true },
          maxWorkers: 5,
          maxConcurrency: 20,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        // The dashboard in a real browser, all on one cluster but for what stops parts of it. Skipped, with the reason, where no browser can be had.
        resolve,
        test: {
          name: "dashboard",
          include: [`test/dashboard/${testFiles}`],
          globalSetup: "test/dashboard/harness/global-setup.ts",
          setupFiles: ["test/kit/end-clusters.ts", "test/dashboard/harness/keep-failures.ts"],
          sequence: { groupOrder: 4 },
          maxWorkers: 3,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          expect: { poll: { timeout: 60_000 } },
        },
      },
    ],
  },
});
