import { tasks } from "@windlass/sdk";
import { deploy } from "@windlass/sdk/build";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSection, type Section, tasksOf } from "./harness/open-section.ts";
import { play, type Story } from "./harness/play.ts";
import type { Spends } from "./tasks/max-duration/limited.ts";

// lifecycle.md, section 5.
let section: Section;

beforeAll(async () => {
  section = await openSection("max-duration", tasksOf("max-duration"));
});

afterAll(() => section[Symbol.asyncDispose]());

const playLimited = (spends: Spends) => play("limited", { spends });

/** It ended because of its limit of 5 s: not before, and not long after. */
function expectTimedOut({ run, statuses }: Story): void {
  expect(run).toMatchObject({ status: "TIMED_OUT", attemptCount: 1, error: { code: "MAX_DURATION_EXCEEDED" } });
  expect(statuses).toEqual(["QUEUED", "EXECUTING", "TIMED_OUT"]);
  const [attempt] = run.attempts;
  expect(attempt?.outcome).toBe("TIMED_OUT");
  const tookMs = Number(attempt?.finishedAt) - Number(attempt?.startedAt);
  expect(tookMs).toBeGreaterThanOrEqual(4_900);
  expect(tookMs).toBeLessThan(9_000);
}

describe("when exceeded", () => {
  test("signal aborts with that reason, process ended, TIMED_OUT, no retry; neither onFailure nor onComplete", async () => {
    const story = await playLimited("for ever");
    expectTimedOut(story);
    expect(story.at("aborted")["reason"]).toMatch(/maxDuration/iu);
    expect(story.places).not.toContain("onFailure");
    expect(story.places).not.toContain("onComplete");
    const pid = Number(story.at("run 1")["pid"]);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  test("a synchronous infinite loop ends on time too", async () => {
    const story = await playLimited("in a loop");
    expectTimedOut(story);
    const pid = Number(story.at("run 1")["pid"]);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  test.for(["in init", "in onStart", "in onSuccess", "in cleanup"] as const)(
    "a hook that never returns is ended, %s",
    async (spends) => {
      expectTimedOut(await playLimited(spends));
    },
  );
});

test("hooks counted", async () => {
  expectTimedOut(await playLimited("in hooks and run"));
});

test("waits not counted", async () => {
  const { run } = await playLimited("waiting");
  expect(run.status).toBe("COMPLETED");
});

test("per attempt", async () => {
  const { run } = await playLimited("in two attempts");
  expect(run).toMatchObject({ status: "COMPLETED", attemptCount: 2 });
});

describe("trigger option over task over config", () => {
  test("config", async () => {
    expect((await play("unlimited")).run.output).toBe(60);
  });
  test("task", async () => {
    expect((await playLimited("no time")).at("run 1")).toMatchObject({ maxDuration: 5 });
  });
  test("trigger option", async () => {
    const { at } = await play("limited", { spends: "no time" }, { maxDuration: 30 });
    expect(at("run 1")).toMatchObject({ maxDuration: 30 });
  });
});

describe("at least 5", () => {
  test("in a task: refused at indexing", async () => {
    const deploying = deploy(path.join(tasksOf("import-errors"), "short-max-duration"));
    await expect(deploying).rejects.toThrow(/maxDuration.*5/su);
  });

  test("in a trigger: refused with the field", async () => {
    await expect(tasks.trigger("unlimited", {}, { maxDuration: 4 })).rejects.toMatchObject({
      reason: "FIELD_INVALID",
      violations: [{ field: "options.maxDuration" }],
    });
  });
});
