import { runs, tasks } from "@windlass/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSection, type Section, tasksOf } from "./harness/open-section.ts";
import { play, type Story, storyOf, untilSaid } from "./harness/play.ts";
import type { Plan } from "./tasks/errors/reach.ts";
import type { ThrownValue } from "./tasks/errors/thrown-values.ts";

// lifecycle.md, section 3: an error thrown in ... Errors at import are in import-errors.test.ts.
let section: Section;

beforeAll(async () => {
  section = await openSection("errors", tasksOf("errors"));
});

afterAll(() => section[Symbol.asyncDispose]());

const scopes = ["global", "task"] as const;

function playTable(plan: Plan, maxAttempts = 1): Promise<Story> {
  return play("table", plan, { maxAttempts });
}

function timesOf(story: Story, place: string): number {
  return story.places.filter((one) => one === place).length;
}

/** A thrown error was "logged": as a warning or an error that names the hook, and what it threw. */
function expectLogged({ events }: Story, hook: string, thrown: string): void {
  const logged = events.flatMap((event) =>
    event.type === "log" && ["warn", "error"].includes(event.level)
      ? [`${event.message} ${JSON.stringify(event.attributes)}`]
      : [],
  );
  expect(logged.filter((line) => line.includes(hook) && line.includes(thrown))).toHaveLength(1);
}

/** The result of the hook that threw says so; that of the others that they are well. */
function expectHookFailed({ events }: Story, scope: string, hook: string, outcome: "ignored" | "failed"): void {
  const results = events.filter((event) => event.type === "hook" && event.hook === hook && event.scope === scope);
  expect(results).toContainEqual(
    expect.objectContaining({
      outcome,
      error: expect.objectContaining({
        message: expect.stringContaining(`thrown in ${scope} ${hook}`) as string,
      }) as object,
    }),
  );
}

describe("run", () => {
  test("handleError/catchError, then retry", async () => {
    const story = await playTable({ failures: 1 }, 2);
    expect(story.run).toMatchObject({ status: "COMPLETED", attemptCount: 2 });
    expect(timesOf(story, "task handleError")).toBe(1);
    expect(timesOf(story, "global handleError")).toBe(1);
    expect(story.statuses).toEqual(["QUEUED", "EXECUTING", "RETRYING", "QUEUED", "EXECUTING", "COMPLETED"]);
  });

  test("or FAILED", async () => {
    const story = await playTable({ failures: 9 }, 2);
    expect(story.run).toMatchObject({
      status: "FAILED",
      attemptCount: 2,
      error: { code: "TASK_ERROR", name: "Error", message: "as asked" },
    });
    expect(timesOf(story, "task handleError")).toBe(2);
  });
});

describe.for(["init", "onStart", "onStartAttempt"])("%s: ignored", (hook) => {
  test.for(scopes)("in %s scope: recorded as ignored and logged, run goes on", async (scope) => {
    const story = await playTable({ throwIn: [`${scope} ${hook}`] });
    expect(story.run).toMatchObject({ status: "COMPLETED", output: "the output" });
    expectHookFailed(story, scope, hook, "ignored");
    expectLogged(story, hook, `thrown in ${scope} ${hook}`);
    expect(timesOf(story, `task ${hook}`)).toBe(1);
    expect(timesOf(story, "run")).toBe(1);
    expect(timesOf(story, "task handleError")).toBe(0);
  });
});

test.for([
  ["global", { fromTask: true }],
  ["task", { fromGlobal: true }],
] as const)("init in %s scope: that hook's init data is missing", async ([scope, data]) => {
  const story = await playTable({ throwIn: [`${scope} init`] });
  expect(story.at("init data")).toEqual(data);
});

describe.for(scopes)("middleware in %s scope", (scope) => {
  test("before next(): like an error in run: handleError, then the attempt fails, and is retried", async () => {
    const story = await playTable({ throwIn: [`${scope} middleware before`] }, 2);
    expect(story.run).toMatchObject({
      status: "FAILED",
      attemptCount: 2,
      error: { code: "TASK_ERROR", message: `thrown in ${scope} middleware before` },
    });
    expect(timesOf(story, "task handleError")).toBe(2);
    expect(timesOf(story, "run")).toBe(0);
    expect(timesOf(story, "task init")).toBe(0);
    expect(timesOf(story, "task onFailure")).toBe(1);
    expect(timesOf(story, "task onComplete")).toBe(1);
    expect(timesOf(story, "task cleanup")).toBe(2);
    expect(story.hooks).toContain(`2 ${scope} middleware failed`);
  });

  test("after next(): like an error in run, and the output is discarded", async () => {
    const story = await playTable({ throwIn: [`${scope} middleware after`] }, 1);
    expect(story.run).toMatchObject({
      status: "FAILED",
      error: { code: "TASK_ERROR", message: `thrown in ${scope} middleware after` },
    });
    expect(story.run.output).toBeUndefined();
    expect(timesOf(story, "task handleError")).toBe(1);
    expect(timesOf(story, "task onFailure")).toBe(1);
    expect(timesOf(story, "task onComplete")).toBe(1);
  });

  test("after next(): is retried", async () => {
    const story = await playTable({ throwIn: [`${scope} middleware after`] }, 2);
    expect(story.run).toMatchObject({ status: "FAILED", attemptCount: 2 });
    expect(timesOf(story, "run")).toBe(2);
    expect(timesOf(story, "task onFailure")).toBe(1);
  });
});

test.for(["task cleanup", "task middleware after"])(
  "onComplete runs exactly once per run, also when %s throws after it and the attempt is retried",
  async (place) => {
    const story = await playTable({ throwIn: [place] }, 2);
    expect(story.run).toMatchObject({ status: "FAILED", attemptCount: 2 });
    for (const scope of scopes) {
      expect(timesOf(story, `${scope} onComplete`)).toBe(1);
      expect(timesOf(story, `${scope} onFailure`)).toBe(1);
    }
  },
);

test("middleware that never calls next(): the attempt fails: MIDDLEWARE_NEXT_NOT_CALLED", async () => {
  const story = await play("never-next", {});
  expect(story.run).toMatchObject({
    status: "FAILED",
    attemptCount: 2,
    error: { code: "MIDDLEWARE_NEXT_NOT_CALLED" },
  });
  expect(timesOf(story, "run")).toBe(0);
});

test("a second next() call throws", async () => {
  const story = await play("next-twice", {});
  expect(story.run.status).toBe("COMPLETED");
  expect(timesOf(story, "run")).toBe(1);
  expect(story.at("the second next() threw")["error"]).toMatch(/next/u);
});

test("middleware sees the attempt's failure neither as a throw from next() nor otherwise: next() resolves", async () => {
  const story = await play("watches-next", {});
  expect(story.run).toMatchObject({ status: "FAILED", error: { message: "as asked" } });
  expect(story.at("next() resolved")).toEqual({ type: "undefined" });
  expect(story.places).toContain("finally");
});

describe("recorded and logged, each on its own; the others still run; the outcome stands", () => {
  const rows: readonly [hook: string, plan: Plan, status: string][] = [
    ["onSuccess", {}, "COMPLETED"],
    ["onFailure", { failures: 1 }, "FAILED"],
    ["onComplete", {}, "COMPLETED"],
    ["onComplete", { failures: 1 }, "FAILED"],
    ["onWait", { wait: true }, "COMPLETED"],
    ["onResume", { wait: true }, "COMPLETED"],
  ];
  test.for(rows.flatMap(([hook, plan, status]) => scopes.map((scope) => ({ hook, plan, status, scope }))))(
    "$hook in $scope scope of a run that ends $status",
    async ({ hook, plan, status, scope }) => {
      const story = await playTable({ ...plan, throwIn: [`${scope} ${hook}`] });
      const { output, error } = story.run;
      expect([story.run.status, output, error?.message]).toEqual(
        status === "COMPLETED" ? [status, "the output", undefined] : [status, undefined, "as asked"],
      );
      expectHookFailed(story, scope, hook, "ignored");
      expectLogged(story, hook, `thrown in ${scope} ${hook}`);
      for (const both of scopes) {
        expect(timesOf(story, `${both} ${hook}`)).toBe(1);
        expect(timesOf(story, `${both} onComplete`)).toBe(1);
        expect(timesOf(story, `${both} cleanup`)).toBe(1);
      }
    },
  );

  test.for(scopes)("onCancel in %s scope", async (scope) => {
    const handle = await tasks.trigger("table", { untilCanceled: true, throwIn: [`${scope} onCancel`] } satisfies Plan);
    await untilSaid(handle.id, "running");
    await runs.cancel(handle.id);
    const story = await storyOf(handle.id);
    expect(story.run).toMatchObject({ status: "CANCELED", output: "the output" });
    expectHookFailed(story, scope, "onCancel", "ignored");
    expectLogged(story, "onCancel", `thrown in ${scope} onCancel`);
    for (const both of scopes) expect(timesOf(story, `${both} onCancel`)).toBe(1);
  });
});

describe.for(scopes)("cleanup in %s scope", (scope) => {
  test("the attempt fails with that error (all cleanup hooks still run): handleError, then FAILED; onFailure runs, onComplete not a second time", async () => {
    const story = await playTable({ throwIn: [`${scope} cleanup`] });
    expect(story.run).toMatchObject({
      status: "FAILED",
      error: { code: "TASK_ERROR", message: `thrown in ${scope} cleanup` },
    });
    expect(story.run.output).toBeUndefined();
    expectHookFailed(story, scope, "cleanup", "failed");
    for (const both of scopes) {
      expect(timesOf(story, `${both} cleanup`)).toBe(1);
      expect(timesOf(story, `${both} handleError`)).toBe(1);
      expect(timesOf(story, `${both} onFailure`)).toBe(1);
      expect(timesOf(story, `${both} onComplete`)).toBe(1);
    }
  });

  test("or retry", async () => {
    const story = await playTable({ throwIn: [`${scope} cleanup`] }, 2);
    expect(story.run).toMatchObject({ status: "FAILED", attemptCount: 2 });
    expect(timesOf(story, "run")).toBe(2);
    expect(timesOf(story, "task onFailure")).toBe(1);
  });
});

test.for(scopes)(
  "handleError in %s scope: HANDLE_ERROR_ERROR: the run ends CRASHED; cleanup still runs",
  async (scope) => {
    const story = await playTable({ failures: 1, throwIn: [`${scope} handleError`] }, 2);
    expect(story.run).toMatchObject({ status: "CRASHED", attemptCount: 1, error: { code: "HANDLE_ERROR_ERROR" } });
    expect(story.run.error?.message).toContain(`thrown in ${scope} handleError`);
    expect(timesOf(story, "task cleanup")).toBe(1);
    expect(timesOf(story, "global cleanup")).toBe(1);
    expect(timesOf(story, "task onFailure")).toBe(0);
    expect(timesOf(story, "task onComplete")).toBe(0);
  },
);

test.for(["exception", "rejection"])(
  "outside any await (%s): the attempt fails: UNCAUGHT_EXCEPTION, retried; the process is not reused",
  async (how) => {
    const story = await play("throws-outside", { how });
    expect(story.run).toMatchObject({ status: "COMPLETED", attemptCount: 2 });
    expect(story.run.attempts[0]).toMatchObject({
      outcome: "FAILED",
      error: { code: "UNCAUGHT_EXCEPTION", message: "nobody awaits this" },
    });
    expect(story.at("attempt 2")["pid"]).not.toBe(story.at("attempt 1")["pid"]);
  },
);

describe("anything can be thrown, null and undefined too, and it is a failure", () => {
  async function errorOf(value: ThrownValue | "from the depth") {
    const { run } = await play("throws-value", { value });
    expect(run).toMatchObject({ status: "FAILED", error: { code: "TASK_ERROR" } });
    const error = run.error!;
    expect(Buffer.byteLength(JSON.stringify(error))).toBeLessThanOrEqual(64 * 1024);
    return error;
  }

  test.for([
    ["null", /null/u],
    ["undefined", /undefined/u],
    ["a string", /just text/u],
    ["a number", /42/u],
    ["an object", /code/u],
  ] as const)("%s", async ([value, text]) => {
    const error = await errorOf(value);
    expect(`${error.message} ${JSON.stringify(error.fields)}`).toMatch(text);
  });

  test("errors are stored with name, message, custom fields", async () => {
    expect(await errorOf("a custom error")).toMatchObject({
      name: "CustomError",
      message: "short and stout",
      fields: { statusCode: 418, details: { field: "tea" } },
      stack: expect.stringContaining("thrown-values.ts") as string,
    });
  });

  test("message cut at 1,000 chars", async () => {
    const { message } = await errorOf("a long message");
    expect(message.length).toBeLessThanOrEqual(1_000);
    expect(message).toMatch(/^m{900}/u);
  });

  test("stack of 50 frames", async () => {
    const { stack } = await errorOf("from the depth");
    expect(stack.trimEnd().split("\n")).toHaveLength(50);
  });

  test("cause chain of 5", async () => {
    const { causes } = await errorOf("a chain of causes");
    expect(causes.map(({ message }) => message)).toEqual(["level 8", "level 7", "level 6", "level 5", "level 4"]);
  });

  test("a cyclic error", async () => {
    expect(await errorOf("a cyclic error")).toMatchObject({ message: "cyclic" });
  });

  test("an error with throwing getters", async () => {
    expect(typeof (await errorOf("an error with throwing getters")).message).toBe("string");
  });

  test("a proxy that throws", async () => {
    expect(typeof (await errorOf("a proxy that throws")).message).toBe("string");
  });

  test("a stack of 60 MB", async () => {
    const error = await errorOf("a stack of 60 MB");
    expect(error.message).toBe("has a huge stack");
    expect(error.stack.trimEnd().split("\n").length).toBeLessThanOrEqual(50);
  });

  test("never more than 64 KB", async () => {
    expect(await errorOf("fields of 1 MB")).toMatchObject({ message: "has huge fields" });
  });

  test.for([
    "null",
    "undefined",
    "a cyclic error",
    "an error with throwing getters",
    "a proxy that throws",
    "a stack of 60 MB",
    "fields of 1 MB",
  ])("%s in hooks: recorded", async (value) => {
    const story = await play("throws-value-in-hooks", { value });
    expect(story.run).toMatchObject({ status: "COMPLETED", output: "the output" });
    expect(story.hooks.filter((hook) => hook.startsWith("1 task"))).toEqual([
      "1 task init ignored",
      "1 task run ok",
      "1 task onSuccess ignored",
    ]);
  });

  test.for(["init", "onStart", "onStartAttempt", "onSuccess", "onComplete"])("null in %s: ignored", async (hook) => {
    const story = await playTable({ throwIn: [`task ${hook}`], throwNull: true });
    expect(story.run).toMatchObject({ status: "COMPLETED", output: "the output" });
    expect(story.hooks).toContain(`1 task ${hook} ignored`);
  });

  test.for(["onFailure", "onComplete"])("null in %s of a run that fails: ignored", async (hook) => {
    const story = await playTable({ failures: 1, throwIn: [`task ${hook}`], throwNull: true });
    expect(story.run).toMatchObject({ status: "FAILED", error: { message: "as asked" } });
  });

  test.for(["middleware before", "middleware after", "cleanup", "run"])(
    "null in %s: the attempt fails",
    async (place) => {
      const { run } = await playTable({ throwIn: [place === "run" ? "run" : `task ${place}`], throwNull: true });
      expect(run).toMatchObject({
        status: "FAILED",
        error: { code: "TASK_ERROR", message: expect.stringContaining("null") as string },
      });
    },
  );

  test("null in handleError: CRASHED", async () => {
    const { run } = await playTable({ failures: 1, throwIn: ["task handleError"], throwNull: true });
    expect(run).toMatchObject({ status: "CRASHED", error: { code: "HANDLE_ERROR_ERROR" } });
  });
});

describe("an output that cannot be stored: TASK_OUTPUT_ERROR, with the path named", () => {
  test.for([
    ["a function", "list[1].callback"],
    ["a symbol", "list[1].symbol"],
    ["a stream", "list[1].stream"],
    ["a cycle", "inner.outer"],
  ] as const)("%s", async ([value, path]) => {
    const { run } = await play("returns-value", { value });
    expect(run).toMatchObject({ status: "FAILED", error: { code: "TASK_OUTPUT_ERROR" } });
    expect(run.error?.message).toContain(path);
  });

  test("20 MB: the limit is named", async () => {
    const { run } = await play("returns-value", { value: "20 MB" });
    expect(run).toMatchObject({ status: "FAILED", error: { code: "TASK_OUTPUT_ERROR" } });
    expect(run.error?.message).toContain("10,485,760");
  });

  test("a BigInt is none of these: it round-trips", async () => {
    const { run } = await play("returns-value", { value: "a BigInt" });
    expect(run).toMatchObject({ status: "COMPLETED", output: { big: 12345678901234567890n } });
  });
});
