import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RunErrorCode } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { failureOf, json, listenTo, taskFolder, testWorkers } from "./worker.testkit.ts";

const workers = testWorkers();

describe("a failure", () => {
  it("carries name, message, the user's own frames, causes and fields", async () => {
    const { error, skipRetry } = failureOf(await workers.shared.run({ taskId: "throws" }));
    expect(skipRetry).toBe(false);
    expect(error).toMatchObject({
      code: RunErrorCode.TASK_ERROR,
      name: "TypeError",
      message: "boom",
      fieldsJson: '{"code":42}',
    });
    const source = await readFile(join(taskFolder, "simple.ts"), "utf8");
    const line = source.slice(0, source.indexOf("throw Object.assign")).split("\n").length;
    expect(error?.stack).toMatch(new RegExp(`^ {4}at run \\(simple\\.ts:${line}:\\d+\\)\n`));
    expect(error?.causes.map(({ message }) => message)).toEqual(["why"]);
  });

  it("by AbortTaskRunError is not repeated", async () => {
    const { error, skipRetry } = failureOf(await workers.shared.run({ taskId: "aborts" }));
    expect(skipRetry).toBe(true);
    expect(error).toMatchObject({
      code: RunErrorCode.TASK_ABORTED,
      name: "AbortTaskRunError",
      message: "never mind",
      fieldsJson: "",
    });
  });

  it.each([
    { what: "null", message: "null was thrown" },
    { what: "undefined", message: "undefined was thrown" },
    { what: "huge", message: "x".repeat(1_000) },
    { what: "hostile", message: "an object was thrown" },
  ])("of anything: $what", async ({ what, message }) => {
    const { error } = failureOf(await workers.shared.run({ taskId: "throws-anything", payload: json(what) }));
    expect(error).toMatchObject({ code: RunErrorCode.TASK_ERROR, message });
  });

  it.each([
    { what: "symbol", message: "output.deep[0] is a symbol" },
    { what: "function", message: "output.fn is a function" },
    { what: "circle", message: "output.self contains itself" },
    { what: "large", message: "output is 20,971,522 bytes of JSON; at most 10,485,760 are allowed" },
  ])("of the output: $what", async ({ what, message }) => {
    const { error } = failureOf(await workers.shared.run({ taskId: "bad-output", payload: json(what) }));
    expect(error?.code).toBe(RunErrorCode.TASK_OUTPUT_ERROR);
    expect(error?.message).toContain(message);
  });

  it("of the payload happens before any hook, and is not repeated", async () => {
    const heard = listenTo(workers.shared);
    const payload = { data: Buffer.from("{"), contentType: "application/json" };
    const { error, skipRetry } = failureOf(await workers.shared.run({ taskId: "echo", payload }));
    expect([error?.code, skipRetry]).toEqual([RunErrorCode.TASK_INPUT_ERROR, true]);
    expect(heard.kinds()).toEqual(["attemptFinished"]);
  });

  it("names a task that the version lacks", async () => {
    const { error, skipRetry } = failureOf(await workers.shared.run({ taskId: "gone" }));
    expect([error?.code, skipRetry]).toEqual([RunErrorCode.TASK_IMPORT_ERROR, true]);
    expect(error?.message).toContain('"gone"');
  });
});

describe("a payload that fails the schema", () => {
  it("fails the attempt with the issues by path, before any hook, and is not repeated", async () => {
    const heard = listenTo(workers.shared);
    const payload = json({ user: { age: "old" } });
    const { error, skipRetry } = failureOf(await workers.shared.run({ taskId: "checked", payload }));
    expect([error?.code, skipRetry]).toEqual([RunErrorCode.TASK_INPUT_ERROR, true]);
    expect(error?.fieldsJson).toContain('"user.age"');
    expect(heard.kinds()).toEqual(["started", "attemptFinished"]);
  });
});

describe("an exception that nobody awaited", () => {
  it.each(["exception", "rejection"])(
    "fails the attempt (%s), runs the hooks, and the process is not used again",
    async (what) => {
      await workers.own(async (own) => {
        const heard = listenTo(own);
        const finished = await own.run({ taskId: "uncaught", attemptNumber: 3, payload: json(what) });
        expect(failureOf(finished).error).toMatchObject({ code: RunErrorCode.UNCAUGHT_EXCEPTION, message: "uncaught" });
        expect(finished.discardWorker).toBe(true);
        expect(heard.logs().map(({ message }) => message)).toEqual(["onFailure Error: uncaught", "cleaned up"]);
      });
    },
  );

  it("after the attempt spoils the process, not the next attempt", async () => {
    await workers.own(async (own) => {
      await own.run({ taskId: "uncaught", payload: json("late") });
      await own.until(() => own.output.includes("too late"), "the worker complains");
      const { result, discardWorker } = await own.run({ taskId: "noop" });
      expect([result.case, discardWorker]).toEqual(["output", true]);
    });
  });
});

describe("a task that calls process.exit()", () => {
  it.each([0, 1, 5])(
    "%d turns after it logged a line: that is told once, or is in its process's output",
    async (turns) => {
      await workers.own(async (own) => {
        const heard = listenTo(own);
        own.start({ runId: "run_1", taskId: "exits-talking", payload: json(turns) });
        const told = () => heard.logs().filter(({ message }) => message === "about to exit").length;
        const written = () => (own.output.includes("info about to exit\n") ? 1 : 0);
        await own.until(() => told() + written() > 0, "the last line");
        expect(told() + written()).toBe(1);
        expect(own.said.map(({ case: kind }) => kind)).not.toContain("attemptFinished");
      });
    },
  );
});

describe("an error handler", () => {
  it("decides when the next attempt begins, and what is reported", async () => {
    const heard = listenTo(workers.shared);
    const { error, skipRetry, retryDelay } = failureOf(await workers.shared.run({ taskId: "decides" }));
    expect([skipRetry, retryDelay]).toMatchObject([false, { seconds: 1n, nanos: 234e6 }]);
    expect(error).toMatchObject({ name: "RangeError", message: "instead of Error: first" });
    expect(heard.logs().map(({ message }) => message)).toEqual([
      "started decides",
      "task onStartAttempt threw, which was ignored: Error: does not matter",
      "default some",
    ]);
  });
});
