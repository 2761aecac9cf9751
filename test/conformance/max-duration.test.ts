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

/** How a run ended that had 5 s. */
function endOf({ run, statuses }: Story): object {
  const [attempt] = run.attempts;
  const tookMs = Number(attempt?.finishedAt) - Number(attempt?.startedAt);
  return {
    statuses,
    code: run.error?.code,
    attempts: run.attempts.map(({ outcome }) => outcome),
    isOnTime: (tookMs >= 4_900 && tookMs < 12_000) || tookMs,
  };
}

const timedOut = {
  statuses: ["QUEUED", "EXECUTING", "TIMED_OUT"],
  code: "MAX_DURATION_EXCEEDED",
  attempts: ["TIMED_OUT"],
  isOnTime: true,
};

describe("when exceeded", () => {
  test("signal aborts with that reason, process ended, TIMED_OUT, no retry; neither onFailure nor onComplete", async () => {
    const story = await playLimited("for ever");
    expect(endOf(story)).toEqual(timedOut);
    expect(story.at("aborted")["reason"]).toMatch(/maxDuration/iu);
    expect(story.places).not.toContain("onFailure");
    expect(story.places).not.toContain("onComplete");
    const pid = Number(story.at("run 1")["pid"]);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  test("a synchronous infinite loop ends on time too", async () => {
    const story = await playLimited("in a loop, told");
    expect(endOf(story)).toEqual(timedOut);
    const pid = Number(story.at("run 1")["pid"]);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  test("a loop from the first moment too", async () => {
    expect(endOf(await playLimited("in a loop"))).toEqual(timedOut);
  });

  test.for(["in init", "in onStart", "in onSuccess", "in cleanup"] as const)(
    "a hook that never returns is ended, %s",
    async (spends) => {
      expect(endOf(await playLimited(spends))).toEqual(timedOut);
    },
  );
});

test("hooks counted", async () => {
  expect(endOf(await playLimited("in hooks and run"))).toEqual(timedOut);
});

test("waits not counted", async () => {
  const { run } = await playLimited("waiting");
  expect(run.status).toBe("COMPLETED");
});

test("what runs before and after a wait counts together", async () => {
  const { run, statuses } = await playLimited("around a wait");
  expect(run).toMatchObject({ status: "TIMED_OUT", error: { code: "MAX_DURATION_EXCEEDED" } });
  expect(statuses).toEqual(["QUEUED", "EXECUTING", "WAITING", "QUEUED", "EXECUTING", "TIMED_OUT"]);
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
