import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HookOutcome, HookScope, LogLevel, RunErrorCode } from "@windlass/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle } from "../build/index.ts";
import { decodeContent } from "../content/json-content.ts";
import { TestSupervisor } from "../testing/test-supervisor.ts";

const folder = fileURLToPath(new URL("../testing/tasks", import.meta.url));
let bytes: Uint8Array;
let supervisor: TestSupervisor;

beforeAll(async () => {
  ({ bytes } = await bundle(folder));
  supervisor = await TestSupervisor.start(bytes);
  await supervisor.hello();
});

afterAll(() => supervisor.stop());

/** A worker of its own, for a test that spoils it. */
async function withWorker(
  test: (own: TestSupervisor) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  const own = await TestSupervisor.start(bytes, env);
  try {
    await own.hello();
    await test(own);
  } finally {
    await own.stop();
  }
}

function json(value: unknown): { data: Uint8Array; contentType: string } {
  return { data: Buffer.from(JSON.stringify(value)), contentType: "application/json" };
}

function outputOf({ result }: Awaited<ReturnType<TestSupervisor["run"]>>): unknown {
  if (result.case !== "output") throw new Error(`no output but ${result.case}`, { cause: result.value });
  return decodeContent(result.value);
}

function failureOf({ result }: Awaited<ReturnType<TestSupervisor["run"]>>) {
  if (result.case !== "failure") throw new Error(`no failure but ${result.case}`);
  return result.value;
}

/** What the worker says from now on, kind by kind. */
function listen(to = supervisor) {
  const from = to.said.length;
  const said = () => to.said.slice(from);
  return {
    kinds: () => said().map((body) => body.case),
    logs: () =>
      said().flatMap((body) => (body.case === "log" && body.value.record !== undefined ? [body.value.record] : [])),
    hooks: () => said().flatMap((body) => (body.case === "hookResult" ? [body.value] : [])),
    heard: <K extends Parameters<TestSupervisor["heard"]>[0]>(kind: K) => to.heard(kind, from),
  };
}

describe("greeting", () => {
  it("introduces itself with the tasks, their files and exports", async () => {
    const hello = await supervisor.hello();
    expect(hello).toMatchObject({ protocolVersion: 1, language: "typescript" });
    expect(hello.token).not.toBe("");
    const tasks = Object.fromEntries(
      hello.tasks.map(({ id, filePath, exportName, queue }) => [id, { filePath, exportName, queue }]),
    );
    expect(tasks).toMatchObject({
      noop: { filePath: "simple.ts", exportName: "noop", queue: "" },
      context: { filePath: "simple.ts", exportName: "context", queue: "special" },
      cancelable: { filePath: "nested/cancel.ts", exportName: "default" },
      private: { filePath: "simple.ts", exportName: "" },
    });
    expect(hello.tasks.find(({ id }) => id === "context")?.retry).toMatchObject({
      maxAttempts: 7,
      factor: 2,
      minTimeoutMs: 1_000n,
      maxTimeoutMs: 60_000n,
      randomize: true,
    });
  });
});

describe("an attempt", () => {
  it("that ends at once travels in one frame", async () => {
    const frames = supervisor.frames.length;
    const { discardWorker } = await supervisor.run({ taskId: "noop" });
    expect(supervisor.frames.slice(frames).map((frame) => frame.map((body) => body.case))).toEqual([
      ["started", "hookResult", "log", "hookResult", "hookResult", "attemptFinished"],
    ]);
    expect(discardWorker).toBe(false);
  });

  it("returns its output; none is empty content", async () => {
    expect(outputOf(await supervisor.run({ taskId: "echo", payload: json({ a: [1, null] }) }))).toEqual({
      a: [1, null],
    });
    const { result } = await supervisor.run({ taskId: "noop" });
    expect(result).toMatchObject({ case: "output", value: { contentType: "" } });
  });

  it("of a scheduled task has a tick with dates", async () => {
    const json = {
      scheduleId: "sched_1",
      type: "DECLARATIVE",
      timestamp: "2026-01-01T09:00:00.000Z",
      timezone: "UTC",
      upcoming: ["2026-01-02T09:00:00.000Z"],
    };
    const meta = { values: { timestamp: ["Date"], "upcoming.0": ["Date"] } };
    const payload = { data: Buffer.from(JSON.stringify({ json, meta })), contentType: "application/super+json" };
    expect(outputOf(await supervisor.run({ taskId: "scheduled", payload }))).toEqual([
      "2026-01-01T09:00:00.000Z",
      "2026-01-02T09:00:00.000Z",
    ]);
  });

  it("reports its hooks with scope, name, attempt and times", async () => {
    const heard = listen();
    await supervisor.run({ taskId: "noop" });
    const hooks = heard
      .hooks()
      .map(({ hook, scope, name, attemptNumber, outcome }) => ({ hook, scope, name, attemptNumber, outcome }));
    const common = { attemptNumber: 1, outcome: HookOutcome.OK };
    expect(hooks).toEqual([
      { hook: "init", scope: HookScope.GLOBAL, name: "first", ...common },
      { hook: "onStart", scope: HookScope.GLOBAL, name: "greeter", ...common },
      { hook: "run", scope: HookScope.TASK, name: "", ...common },
    ]);
    expect(heard.hooks().every(({ startTime, duration }) => startTime !== undefined && duration !== undefined)).toBe(
      true,
    );
  });

  it("gets a context filled from the run", async () => {
    const ctx = outputOf(
      await supervisor.run({
        runId: "run_9",
        taskId: "context",
        attemptNumber: 2,
        run: { tags: ["a"], isTest: true, queue: "special", createTime: { seconds: 1n }, startTime: { seconds: 2n } },
      }),
    );
    expect(ctx).toMatchObject({
      task: { id: "context", filePath: "simple.ts" },
      attempt: { number: 2 },
      run: {
        id: "run_9",
        tags: ["a"],
        isTest: true,
        isReplay: false,
        createdAt: new Date(1_000),
        startedAt: new Date(2_000),
        maxAttempts: 3,
        version: "20260101.1",
      },
      queue: { id: "special", name: "special" },
      environment: { id: "env_1", slug: "dev", type: "DEVELOPMENT" },
      project: { id: "proj", ref: "proj" },
      deployment: { id: "dep_1", version: "20260101.1" },
    });
  });
});

describe("logs", () => {
  it("of console and logger reach the timeline with level and attributes, cut at 32 KB", async () => {
    const heard = listen();
    await supervisor.run({ taskId: "logs", attemptNumber: 2 });
    const [first, ...rest] = heard.logs();
    expect(first).toMatchObject({ level: LogLevel.INFO, message: "Hello world { a: 1 }" });
    expect(rest.map(({ level, message }) => [level, message.slice(0, 20)])).toEqual([
      [LogLevel.TRACE, "console.debug"],
      [LogLevel.INFO, "console.info"],
      [LogLevel.WARN, "console.warn"],
      [LogLevel.ERROR, "Error: console.error"],
      [LogLevel.TRACE, "logger.trace"],
      [LogLevel.DEBUG, "logger.debug"],
      [LogLevel.INFO, "logger.log"],
      [LogLevel.WARN, "logger.warn"],
      [LogLevel.ERROR, "x".repeat(20)],
    ]);
    expect(JSON.parse(rest[7]!.attributesJson)).toEqual({ big: "1n" });
    expect(rest[8]!.message.length).toBe(32 * 1024);
    expect(Buffer.byteLength(rest[8]!.attributesJson)).toBeLessThanOrEqual(32 * 1024);
  });

  it("that come faster than they can be sent are dropped and counted", async () => {
    const heard = listen();
    await supervisor.run({ taskId: "flood" });
    const logs = heard.logs();
    const dropped = Number(/^(\d+) log lines were dropped/.exec(logs.at(-1)!.message)?.[1]);
    expect(logs.length - 1 + dropped).toBe(200_001); // One is the greeter's.
  });
});

describe("a failure", () => {
  it("carries name, message, the user's own frames, causes and fields", async () => {
    const { error, skipRetry } = failureOf(await supervisor.run({ taskId: "throws" }));
    expect(skipRetry).toBe(false);
    expect(error).toMatchObject({
      code: RunErrorCode.TASK_ERROR,
      name: "TypeError",
      message: "boom",
      fieldsJson: '{"code":42}',
    });
    const source = await readFile(join(folder, "simple.ts"), "utf8");
    const line = source.slice(0, source.indexOf("throw Object.assign")).split("\n").length;
    expect(error?.stack).toMatch(new RegExp(`^ {4}at run \\(simple\\.ts:${line}:\\d+\\)\n`));
    expect(error?.causes.map(({ message }) => message)).toEqual(["why"]);
  });

  it("by AbortTaskRunError is not repeated", async () => {
    const { error, skipRetry } = failureOf(await supervisor.run({ taskId: "aborts" }));
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
    const { error } = failureOf(await supervisor.run({ taskId: "throws-anything", payload: json(what) }));
    expect(error).toMatchObject({ code: RunErrorCode.TASK_ERROR, message });
  });

  it.each([
    { what: "symbol", message: "output.deep[0] is a symbol" },
    { what: "function", message: "output.fn is a function" },
    { what: "circle", message: "output.self contains itself" },
    { what: "large", message: "output is 20,971,522 bytes of JSON; at most 10,485,760 are allowed" },
  ])("of the output: $what", async ({ what, message }) => {
    const { error } = failureOf(await supervisor.run({ taskId: "bad-output", payload: json(what) }));
    expect(error?.code).toBe(RunErrorCode.TASK_OUTPUT_ERROR);
    expect(error?.message).toContain(message);
  });

  it("of the payload happens before any hook, and is not repeated", async () => {
    const heard = listen();
    const payload = { data: Buffer.from("{"), contentType: "application/json" };
    const { error, skipRetry } = failureOf(await supervisor.run({ taskId: "echo", payload }));
    expect([error?.code, skipRetry]).toEqual([RunErrorCode.TASK_INPUT_ERROR, true]);
    expect(heard.kinds()).toEqual(["attemptFinished"]);
  });

  it("names a task that the version lacks", async () => {
    const { error, skipRetry } = failureOf(await supervisor.run({ taskId: "gone" }));
    expect([error?.code, skipRetry]).toEqual([RunErrorCode.TASK_IMPORT_ERROR, true]);
    expect(error?.message).toContain('"gone"');
  });
});

describe("an exception that nobody awaited", () => {
  it.each(["exception", "rejection"])(
    "fails the attempt (%s), runs the hooks, and the process is not used again",
    async (what) => {
      await withWorker(async (own) => {
        const heard = listen(own);
        const finished = await own.run({ taskId: "uncaught", attemptNumber: 3, payload: json(what) });
        expect(failureOf(finished).error).toMatchObject({ code: RunErrorCode.UNCAUGHT_EXCEPTION, message: "uncaught" });
        expect(finished.discardWorker).toBe(true);
        expect(heard.logs().map(({ message }) => message)).toEqual(["onFailure Error: uncaught", "cleaned up"]);
      });
    },
  );

  it("after the attempt spoils the process, not the next attempt", async () => {
    await withWorker(async (own) => {
      await own.run({ taskId: "uncaught", payload: json("late") });
      await own.until(() => own.output.includes("too late"), "the worker complains");
      const { result, discardWorker } = await own.run({ taskId: "noop" });
      expect([result.case, discardWorker]).toEqual(["output", true]);
    });
  });
});

describe("a cancel", () => {
  it("is acknowledged at once; a run that returns in time keeps its output", async () => {
    await withWorker(async (own) => {
      const heard = listen(own);
      own.start({ runId: "run_1", taskId: "cancelable", attemptNumber: 2, payload: json("return") });
      await heard.heard("log");
      own.say({ case: "cancel", value: { runId: "run_1", reason: "changed my mind" } });
      expect((await heard.heard("cancelAck")).runId).toBe("run_1");
      const finished = await heard.heard("attemptFinished");
      expect(outputOf(finished)).toEqual({ reason: "the run was canceled: changed my mind", name: "AbortError" });
      expect(finished.discardWorker).toBe(true);
      expect(heard.logs().map(({ message }) => message)).toEqual(["waiting", "cleaned up"]);
    });
  });

  it("ends a run that throws as CANCELED", async () => {
    await withWorker(async (own) => {
      const heard = listen(own);
      own.start({ runId: "run_1", taskId: "cancelable", attemptNumber: 3, payload: json("throw") });
      await heard.heard("log");
      own.say({ case: "cancel", value: { runId: "run_1", reason: "" } });
      const { error, skipRetry } = failureOf(await heard.heard("attemptFinished"));
      expect([error?.code, skipRetry]).toEqual([RunErrorCode.CANCELED, true]);
    });
  });

  it("of a run that has ended is ignored", async () => {
    supervisor.say({ case: "cancel", value: { runId: "run_of_before", reason: "" } });
    expect((await supervisor.run({ taskId: "noop" })).discardWorker).toBe(false);
  });
});

describe("between attempts", () => {
  it("nothing leaks: hooks, environment, folder, listeners, console, context", async () => {
    await withWorker(async (own) => {
      const heard = listen(own);
      const first = outputOf(await own.run({ taskId: "leaky" }));
      const second = outputOf(await own.run({ taskId: "leaky" }));
      expect(second).toEqual(first);
      expect(first).toMatchObject({ path: true, listeners: 2 });
      expect(heard.logs().filter(({ message }) => message === "hook of this attempt")).toHaveLength(2);
      const after = listen(own);
      await own.run({ taskId: "logs" });
      expect(after.logs()[1]?.message).toBe("Hello world { a: 1 }");
    });
  });

  it("tasks do not see where the supervisor is", async () => {
    expect(outputOf(await supervisor.run({ taskId: "secrets" }))).toEqual([]);
  });
});

describe("a wait", () => {
  it("runs onWait, suspends, and after Resume runs onResume and goes on with its memory intact", async () => {
    const heard = listen();
    supervisor.start({ runId: "run_1", taskId: "waits", payload: json({}) });
    const { runId, wait } = await heard.heard("suspend");
    expect([runId, wait?.kind]).toMatchObject(["run_1", { case: "until", value: { seconds: 60n } }]);
    expect(heard.logs().map(({ message }) => message)).toEqual(["middleware in", "started waits", "onWait duration"]);
    supervisor.say({ case: "resume", value: { runId: "run_1", waitId: "another wait" } });
    supervisor.say({ case: "resume", value: { runId: "run_1", waitId: wait!.id } });
    const finished = await heard.heard("attemptFinished");
    expect([outputOf(finished), finished.discardWorker]).toEqual([42, false]);
    expect(
      heard
        .logs()
        .slice(3)
        .map(({ message }) => message),
    ).toEqual(["onResume duration", "cleaned up", "middleware out"]);
  });

  it("beside another one throws, and the first goes on", async () => {
    const heard = listen();
    supervisor.start({ runId: "run_1", taskId: "waits-twice" });
    const { wait } = await heard.heard("suspend");
    supervisor.say({ case: "resume", value: { runId: "run_1", waitId: wait!.id } });
    expect(outputOf(await heard.heard("attemptFinished"))).toContain("two waits at once");
    expect(heard.kinds().filter((kind) => kind === "suspend")).toHaveLength(1);
  });

  it("that is canceled runs onCancel, then cleanup, and nothing else of the attempt", async () => {
    await withWorker(async (own) => {
      const heard = listen(own);
      own.start({ runId: "run_1", taskId: "waits", payload: json({}) });
      await heard.heard("suspend");
      own.say({ case: "cancel", value: { runId: "run_1", reason: "enough", timeLeft: { seconds: 30n } } });
      const finished = await heard.heard("attemptFinished");
      expect(failureOf(finished).error?.code).toBe(RunErrorCode.CANCELED);
      expect(finished.discardWorker).toBe(true);
      expect(
        heard
          .logs()
          .slice(3)
          .map(({ message }) => message),
      ).toEqual(["onCancel true AbortError: the run was canceled: enough", "cleaned up"]);
    });
  });
});

describe("onCancel", () => {
  it("can wait for run's output, which is kept", async () => {
    await withWorker(async (own) => {
      const heard = listen(own);
      own.start({ runId: "run_1", taskId: "saves-on-cancel", payload: json("") });
      await own.until(() => heard.logs().some(({ message }) => message === "begun"), "run begins");
      own.say({ case: "cancel", value: { runId: "run_1", timeLeft: { seconds: 30n } } });
      expect(outputOf(await heard.heard("attemptFinished"))).toEqual({ message: "Hello, world!" });
      expect(heard.logs().at(-1)?.message).toBe('saved {"message":"Hello, world!"}');
    });
  });

  it("that does not end in time is given up; the output of a run that returned is kept", async () => {
    await withWorker(async (own) => {
      const heard = listen(own);
      own.start({ runId: "run_1", taskId: "saves-on-cancel", payload: json("hang") });
      await own.until(() => heard.logs().some(({ message }) => message === "begun"), "run begins");
      own.say({ case: "cancel", value: { runId: "run_1", timeLeft: { seconds: 1n } } });
      const finished = await heard.heard("attemptFinished");
      expect([outputOf(finished), finished.discardWorker]).toEqual([{ message: "Hello, world!" }, true]);
    });
  });

  it("does not keep a hook that hangs from being canceled", async () => {
    await withWorker(async (own) => {
      const heard = listen(own);
      own.start({ runId: "run_1", taskId: "hangs", payload: json("onStart") });
      await own.until(() => heard.logs().some(({ message }) => message === "begun"), "onStart begins");
      own.say({ case: "cancel", value: { runId: "run_1", timeLeft: { seconds: 1n } } });
      expect(failureOf(await heard.heard("attemptFinished")).error?.code).toBe(RunErrorCode.CANCELED);
    });
  });
});

describe("maxDuration", () => {
  it.each([
    { what: "run", cleanedUp: false },
    { what: "onStart", cleanedUp: false },
    { what: "honours signal", cleanedUp: true },
  ])("ends an attempt that is longer ($what), and it is not repeated", async ({ what, cleanedUp }) => {
    await withWorker(async (own) => {
      const heard = listen(own);
      const maxDuration = { nanos: 200e6 };
      const finished = await own.run({ taskId: "hangs", payload: json(what), maxDuration });
      const { error, skipRetry } = failureOf(finished);
      expect([error?.code, skipRetry]).toEqual([RunErrorCode.MAX_DURATION_EXCEEDED, true]);
      expect(error?.message).toBe("the run exceeded its maxDuration of 0.2 s");
      expect(finished.discardWorker).toBe(true);
      expect(heard.logs().some(({ message }) => message === "cleaned up")).toBe(cleanedUp);
      expect(heard.logs().some(({ message }) => message === "must not run")).toBe(false);
    });
  });

  it("does not count the time of a wait", async () => {
    const heard = listen();
    supervisor.start({ runId: "run_1", taskId: "waits", payload: json({}), maxDuration: { nanos: 300e6 } });
    const { wait } = await heard.heard("suspend");
    // Another process proves that the time has passed while the attempt waited.
    await withWorker(async (own) => {
      await own.run({ taskId: "hangs", payload: json("run"), maxDuration: { nanos: 300e6 } });
    });
    supervisor.say({ case: "resume", value: { runId: "run_1", waitId: wait!.id } });
    expect(outputOf(await heard.heard("attemptFinished"))).toBe(42);
  });
});

describe("an error handler", () => {
  it("decides when the next attempt begins, and what is reported", async () => {
    const heard = listen();
    const { error, skipRetry, retryDelay } = failureOf(await supervisor.run({ taskId: "decides" }));
    expect([skipRetry, retryDelay]).toMatchObject([false, { seconds: 1n, nanos: 234e6 }]);
    expect(error).toMatchObject({ name: "RangeError", message: "instead of Error: first" });
    expect(heard.logs().map(({ message }) => message)).toEqual([
      "started decides",
      "task onStartAttempt threw, which was ignored: Error: does not matter",
      "default some",
    ]);
  });
});

describe("a payload that fails the schema", () => {
  it("fails the attempt with the issues by path, before any hook, and is not repeated", async () => {
    const heard = listen();
    const payload = json({ user: { age: "old" } });
    const { error, skipRetry } = failureOf(await supervisor.run({ taskId: "checked", payload }));
    expect([error?.code, skipRetry]).toEqual([RunErrorCode.TASK_INPUT_ERROR, true]);
    expect(error?.fieldsJson).toContain('"user.age"');
    expect(heard.kinds()).toEqual(["started", "attemptFinished"]);
  });
});

describe("what an attempt keeps", () => {
  it("is gone when the next one begins: locals, state, trace, metadata; each attempt describes its own run", async () => {
    await withWorker(async (own) => {
      const nothing = { local: null, state: "nothing", traceparent: "", metadata: null };
      const first = listen(own);
      const metadata = json({ from: "the trigger" });
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
      const a = await own.run({ runId: "run_a", taskId: "keeps", payload: json("a"), traceparent, run: { metadata } });
      expect(outputOf(a)).toEqual({ ...nothing, traceparent, metadata: '{"from":"the trigger"}' });
      const second = listen(own);
      expect(outputOf(await own.run({ runId: "run_b", taskId: "keeps", payload: json("b") }))).toEqual(nothing);

      for (const [heard, runId, name] of [
        [first, "run_a", "a"],
        [second, "run_b", "b"],
      ] as const) {
        const described = await heard.heard("describeRun");
        expect([described.runId, described.update?.addTags]).toEqual([runId, [name, "second"]]);
        expect(Buffer.from(described.update!.metadata!.data).toString()).toBe(`{"name":"${name}"}`);
      }
    });
  });
});

describe("the session", () => {
  it("answers a ping with how long the event loop was blocked", async () => {
    await supervisor.run({ taskId: "blocks", payload: json(300) });
    supervisor.say({ case: "ping", value: { id: 7n } });
    const { id, loopLag } = await supervisor.heard("pong");
    expect(id).toBe(7n);
    expect(loopLag!.nanos).toBeGreaterThan(200e6);
  });

  it("ends the process when it ends, even in the middle of an attempt", async () => {
    await withWorker(async (own) => {
      const heard = listen(own);
      own.start({ taskId: "cancelable", payload: json("return") });
      await heard.heard("log");
      own.hangUp();
      expect(await own.exited()).toBe("exit 1");
    });
  });

  it("ends with exit code 0 on Shutdown", async () => {
    await withWorker(async (own) => {
      own.say({ case: "shutdown", value: {} });
      expect(await own.exited()).toBe("exit 0");
    });
  });

  it("ends when the supervisor starts a second attempt beside the first", async () => {
    await withWorker(async (own) => {
      own.start({ runId: "run_1", taskId: "cancelable", payload: json("return") });
      own.start({ runId: "run_2", taskId: "noop" });
      expect(await own.exited()).toBe("exit 1");
      expect(own.output).toContain("run_2");
    });
  });

  it("shows process.exit inside a task as the exit that it is", async () => {
    await withWorker(async (own) => {
      own.start({ taskId: "exits" });
      expect(await own.exited()).toBe("exit 7");
    });
  });
});
