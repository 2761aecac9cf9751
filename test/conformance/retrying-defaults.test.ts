import { afterAll, beforeAll, expect, test } from "vitest";
import { openSection, type Section, tasksOf } from "./harness/open-section.ts";
import { play } from "./harness/play.ts";

// lifecycle.md, section 4: what is built in.
let section: Section;

beforeAll(async () => {
  section = await openSection("retrying-defaults", tasksOf("retrying-defaults"), { type: "DEVELOPMENT" });
});

afterAll(() => section[Symbol.asyncDispose]());

test("built-in { maxAttempts: 3, factor: 2, minTimeoutInMs: 1000, maxTimeoutInMs: 60000, randomize: true }: three attempts in all", async () => {
  const { run, said } = await play("no-options");
  expect(run).toMatchObject({ status: "FAILED", attemptCount: 3, maxAttempts: 3 });
  const [first, second, third] = said.map(({ data }) => data);
  const retry = { maxAttempts: 3, factor: 2, minTimeoutInMs: 1000, maxTimeoutInMs: 60000, randomize: true };
  expect(first?.["retry"]).toMatchObject(retry);
  expect(first?.["delay"]).toBeGreaterThanOrEqual(1000);
  expect(first?.["delay"]).toBeLessThanOrEqual(2000);
  expect(second?.["delay"]).toBeGreaterThanOrEqual(2000);
  expect(second?.["delay"]).toBeLessThanOrEqual(4000);
  expect(third?.["delay"]).toBe("none");
});
