import { afterAll, beforeAll, expect, test } from "vitest";
import { openSection, type Section, tasksOf } from "./harness/open-section.ts";
import { play } from "./harness/play.ts";

// lifecycle.md, section 2: locals.
let section: Section;

beforeAll(async () => {
  section = await openSection("locals", tasksOf("locals"));
});

afterAll(() => section[Symbol.asyncDispose]());

test("locals: one store per attempt, shared by middleware, hooks and run", async () => {
  const { run, at } = await play("uses-locals", { failures: 0 });
  expect(run.status).toBe("COMPLETED");
  expect(at("after")).toEqual({ uses: ["middleware", "task hook", "global hook", "run", "cleanup"] });
});

test("locals are empty at the start of every attempt, also in a reused process", async () => {
  const { run, said } = await play("uses-locals", { failures: 1 });
  expect(run).toMatchObject({ status: "COMPLETED", attemptCount: 2 });
  expect(said.filter(({ place }) => place === "before").map(({ data }) => data["found"])).toEqual([false, false]);
});

test("locals.getOrThrow names the missing key; get gives undefined", async () => {
  const { run, at } = await play("misses-locals");
  expect(run.status).toBe("FAILED");
  expect(run.error?.message).toContain("a key that nobody sets");
  expect(at("get")).toEqual({ type: "undefined" });
});
