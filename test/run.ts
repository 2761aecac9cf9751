// Runs the tests and closes with one line, "N passed, N failed". Arguments are vitest's: a path runs what it matches.
import { parseCLI, startVitest, type TestModule, type Vitest } from "vitest/node";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const { filter, options } = parseCLI(["vitest", "run", ...process.argv.slice(2)]);
const vitest = await startVitest("test", filter, { ...options, run: true, watch: false });
const counts = countTests(vitest);
const skippedTests = listSkipped(vitest);
await vitest.close();

for (const name of skippedTests) process.stdout.write(`skipped: ${name}\n`);
const nothingRan = counts.passed + counts.failed === 0;
if (nothingRan) process.stderr.write("no test ran\n");
const skipped = counts.skipped === 0 ? "" : `, ${counts.skipped} skipped`;
process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
process.exit(counts.failed > 0 || nothingRan || (process.exitCode ?? 0) !== 0 ? 1 : 0);

/** A file that cannot be loaded or set up, and an error outside every test, count as a failed test each. */
function countTests({ state }: Vitest): Counts {
  const counts: Counts = { passed: 0, failed: state.getUnhandledErrors().length, skipped: 0 };
  for (const module of state.getTestModules()) {
    if (hasOwnErrors(module)) counts.failed += 1;
    for (const test of module.children.allTests()) counts[resultOf(test.result().state)] += 1;
  }
  return counts;
}

/** What was skipped, by its suite: where a machine cannot run tests, the name of their suite says why. */
function listSkipped({ state }: Vitest): Set<string> {
  const tests = state.getTestModules().flatMap((module) => [...module.children.allTests("skipped")]);
  return new Set(tests.map(({ parent, fullName }) => (parent.type === "suite" ? parent.fullName : fullName)));
}

/** Errors of no test: at import, or in a beforeAll or afterAll. */
function hasOwnErrors(module: TestModule): boolean {
  return [module, ...module.children.allSuites()].some((suite) => suite.errors().length > 0);
}

/** A test that never got to run, because its file or the run ended before, is not a success. */
function resultOf(state: "passed" | "failed" | "skipped" | "pending"): keyof Counts {
  return state === "pending" ? "failed" : state;
}
