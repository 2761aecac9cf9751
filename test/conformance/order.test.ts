import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSection, type Section, tasksOf } from "./harness/open-section.ts";
import { play } from "./harness/play.ts";

// lifecycle.md, section 1.
let section: Section;

beforeAll(async () => {
  section = await openSection("order", tasksOf("order"));
});

afterAll(() => section[Symbol.asyncDispose]());

const before = [
  "config middleware before",
  "init.ts middleware before",
  "task middleware before",
  "config init",
  "init.ts init",
  "task init",
];
const onStart = ["config onStart", "init.ts onStart", "anywhere onStart", "task onStart"];
const onStartAttempt = [
  "config onStartAttempt",
  "init.ts onStartAttempt",
  "the replacing onStartAttempt",
  "unnamed onStartAttempt",
  "task onStartAttempt",
];
const everywhere = (hook: string) => [`config ${hook}`, `init.ts ${hook}`, `task ${hook}`];
const handleError = ["task handleError", "config handleError", "init.ts handleError"];
const after = ["task middleware after", "init.ts middleware after", "config middleware after"];

describe("the payload is decoded, and schemaTask validates it", () => {
  test.for(["with-zod", "with-valibot", "with-arktype"])(
    "%s: the run FAILS with TASK_INPUT_ERROR, issues listed by path; no middleware, no hook, no retry",
    async (taskId) => {
      const { run, places, hooks, statuses } = await play(taskId, { user: { name: 7, age: 1.5 } });
      expect(run).toMatchObject({ status: "FAILED", attemptCount: 1, error: { code: "TASK_INPUT_ERROR" } });
      const text = `${run.error?.message} ${JSON.stringify(run.error?.fields)}`;
      expect(text).toContain("user.name");
      expect(text).toContain("user.age");
      expect(run.error?.message).toMatch(/user\.name/u);
      expect(places).toEqual([]);
      expect(hooks).toEqual([]);
      expect(statuses).toEqual(["QUEUED", "EXECUTING", "FAILED"]);
    },
  );

  test.for(["with-zod", "with-valibot", "with-arktype"])("%s: a payload that passes reaches run", async (taskId) => {
    const { run } = await play(taskId, { user: { name: "Ada", age: 36 } });
    expect(run).toMatchObject({ status: "COMPLETED", output: { user: { name: "Ada", age: 36 } } });
  });

  test("the payload that run and hooks receive is the parsed one", async () => {
    const { run } = await play("with-zod", { user: { name: "Ada", age: "36" } });
    expect(run).toMatchObject({ status: "COMPLETED", output: { user: { name: "Ada", age: 36 }, tags: [] } });
  });
});

test("success: middleware outermost first, init, onStart, onStartAttempt, run, onSuccess, onComplete, cleanup, middleware unwinds innermost first", async () => {
  const { run, places } = await play("ordered");
  expect(run.status).toBe("COMPLETED");
  expect(places).toEqual([
    ...before,
    ...onStart,
    ...onStartAttempt,
    "run",
    ...everywhere("onSuccess"),
    ...everywhere("onComplete"),
    ...everywhere("cleanup"),
    ...after,
  ]);
});

test("failure: handleError decides; if the run is over, onFailure, onComplete; always cleanup, also when a retry follows", async () => {
  const { run, places } = await play("ordered", { failures: 2 });
  expect(run).toMatchObject({ status: "FAILED", attemptCount: 2 });
  const untilFailure = [...onStartAttempt, "run", ...handleError];
  const first = [...before, ...onStart, ...untilFailure, ...everywhere("cleanup"), ...after];
  const ending = [...everywhere("onFailure"), ...everywhere("onComplete"), ...everywhere("cleanup")];
  expect(places).toEqual([...first, ...before, ...untilFailure, ...ending, ...after]);
});

test("init and onStartAttempt run in every attempt, onStart in attempt 1 only; onComplete once, and no onFailure for a run that completes after a retry", async () => {
  const { run, places } = await play("ordered", { failures: 1 });
  expect(run).toMatchObject({ status: "COMPLETED", attemptCount: 2 });
  const timesOf = (place: string) => places.filter((one) => one === place).length;
  expect(timesOf("task init")).toBe(2);
  expect(timesOf("task onStartAttempt")).toBe(2);
  expect(timesOf("task onStart")).toBe(1);
  expect(timesOf("task onSuccess")).toBe(1);
  expect(timesOf("task onComplete")).toBe(1);
  expect(timesOf("task onFailure")).toBe(0);
  expect(timesOf("task cleanup")).toBe(2);
});

test("neither onFailure nor onComplete runs for a run that CRASHED", async () => {
  const { run, places } = await play("ordered", { exit: true }, { maxAttempts: 1 });
  expect(run).toMatchObject({ status: "CRASHED", error: { code: "PROCESS_EXITED" } });
  expect(places.filter((place) => /onFailure|onComplete/u.test(place))).toEqual([]);
});

describe("global hooks", () => {
  test('come from trigger.config.ts (registered first, named "config"), init.ts (loaded before any task file), and any other file', async () => {
    const { hooks } = await play("ordered");
    expect(hooks.filter((hook) => hook.includes(" onStart "))).toEqual([
      "1 global config onStart ok",
      "1 global init.ts onStart ok",
      "1 global anywhere onStart ok",
      "1 task onStart ok",
    ]);
  });

  test("the same name again replaces in place", async () => {
    const { places } = await play("ordered");
    expect(places.filter((place) => place.endsWith("onStartAttempt"))).toEqual(onStartAttempt);
  });

  test("registered inside run they hold for that run only", async () => {
    const first = await play("registering", { register: true });
    expect(first.places.filter((place) => place.endsWith("of this run"))).toEqual([
      "onSuccess of this run",
      "cleanup of this run",
    ]);
    // Which of the processes takes the next runs is not ours to say; so there are several.
    const others = await Promise.all(Array.from({ length: 4 }, () => play("registering", { register: false })));
    for (const { places } of others) expect(places.filter((place) => place.endsWith("of this run"))).toEqual([]);
  });
});

test("every function that ran is reported with scope, name and outcome, in the order in which they settled", async () => {
  const { hooks } = await play("ordered", { failures: 2 }, { maxAttempts: 1 });
  const reported = (hook: string) => [`1 global config ${hook} ok`, `1 global init.ts ${hook} ok`, `1 task ${hook} ok`];
  expect(hooks).toEqual([
    ...reported("init"),
    "1 global config onStart ok",
    "1 global init.ts onStart ok",
    "1 global anywhere onStart ok",
    "1 task onStart ok",
    "1 global config onStartAttempt ok",
    "1 global init.ts onStartAttempt ok",
    "1 global replaced onStartAttempt ok",
    "1 global onStartAttempt ok",
    "1 task onStartAttempt ok",
    "1 task run failed",
    "1 task handleError ok",
    "1 global config handleError ok",
    "1 global init.ts handleError ok",
    ...reported("onFailure"),
    ...reported("onComplete"),
    ...reported("cleanup"),
    ...reported("middleware").toReversed(), // the innermost settles first
  ]);
});
