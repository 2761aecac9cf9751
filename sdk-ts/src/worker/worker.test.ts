import { HookOutcome, HookScope, LogLevel } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { json, listenTo, outputOf, testWorkers } from "./worker.testkit.ts";

const workers = testWorkers();

describe("greeting", () => {
  it("introduces itself with the tasks, their files and exports", async () => {
    const hello = await workers.shared.hello();
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
    const frames = workers.shared.frames.length;
    const { discardWorker } = await workers.shared.run({ taskId: "noop" });
    expect(workers.shared.frames.slice(frames).map((frame) => frame.map((body) => body.case))).toEqual([
      ["started", "hookResult", "log", "hookResult", "hookResult", "attemptFinished"],
    ]);
    expect(discardWorker).toBe(false);
  });

  it("returns its output; none is empty content", async () => {
    expect(outputOf(await workers.shared.run({ taskId: "echo", payload: json({ a: [1, null] }) }))).toEqual({
      a: [1, null],
    });
    const { result } = await workers.shared.run({ taskId: "noop" });
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
    expect(outputOf(await workers.shared.run({ taskId: "scheduled", payload }))).toEqual([
      "2026-01-01T09:00:00.000Z",
      "2026-01-02T09:00:00.000Z",
    ]);
  });

  it("reports its hooks with scope, name, attempt and times", async () => {
    const heard = listenTo(workers.shared);
    await workers.shared.run({ taskId: "noop" });
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
      await workers.shared.run({
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
    const heard = listenTo(workers.shared);
    await workers.shared.run({ taskId: "logs", attemptNumber: 2 });
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
    const heard = listenTo(workers.shared);
    await workers.shared.run({ taskId: "flood" });
    const logs = heard.logs();
    const dropped = Number(/^(\d+) log lines were dropped/.exec(logs.at(-1)!.message)?.[1]);
    expect(logs.length - 1 + dropped).toBe(200_001); // One is the greeter's.
  });
});

describe("between attempts", () => {
  it("nothing leaks: hooks, environment, folder, listeners, console, context", async () => {
    await workers.own(async (own) => {
      const heard = listenTo(own);
      const first = outputOf(await own.run({ taskId: "leaky" }));
      const second = outputOf(await own.run({ taskId: "leaky" }));
      expect(second).toEqual(first);
      expect(first).toMatchObject({ path: true, listeners: 2 });
      expect(heard.logs().filter(({ message }) => message === "hook of this attempt")).toHaveLength(2);
      const after = listenTo(own);
      await own.run({ taskId: "logs" });
      expect(after.logs()[1]?.message).toBe("Hello world { a: 1 }");
    });
  });

  it("tasks do not see where the supervisor is", async () => {
    expect(outputOf(await workers.shared.run({ taskId: "secrets" }))).toEqual([]);
  });
});

describe("what an attempt keeps", () => {
  it("is gone when the next one begins: locals, state, trace, metadata; each attempt describes its own run", async () => {
    await workers.own(async (own) => {
      const nothing = { local: null, state: "nothing", traceparent: "", metadata: null };
      const first = listenTo(own);
      const metadata = json({ from: "the trigger" });
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
      const a = await own.run({ runId: "run_a", taskId: "keeps", payload: json("a"), traceparent, run: { metadata } });
      expect(outputOf(a)).toEqual({ ...nothing, traceparent, metadata: '{"from":"the trigger"}' });
      const second = listenTo(own);
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
    await workers.shared.run({ taskId: "blocks", payload: json(300) });
    workers.shared.say({ case: "ping", value: { id: 7n } });
    const { id, loopLag } = await workers.shared.heard("pong");
    expect(id).toBe(7n);
    expect(loopLag!.nanos).toBeGreaterThan(200e6);
  });

  it("ends the process when it ends, even in the middle of an attempt", async () => {
    await workers.own(async (own) => {
      const heard = listenTo(own);
      own.start({ taskId: "cancelable", payload: json("return") });
      await heard.heard("log");
      own.hangUp();
      expect(await own.exited()).toBe("exit 1");
    });
  });

  it("ends with exit code 0 on Shutdown", async () => {
    await workers.own(async (own) => {
      own.say({ case: "shutdown", value: {} });
      expect(await own.exited()).toBe("exit 0");
    });
  });

  it("ends when the supervisor starts a second attempt beside the first", async () => {
    await workers.own(async (own) => {
      own.start({ runId: "run_1", taskId: "cancelable", payload: json("return") });
      own.start({ runId: "run_2", taskId: "noop" });
      expect(await own.exited()).toBe("exit 1");
      expect(own.output).toContain("run_2");
    });
  });

  it("shows process.exit inside a task as the exit that it is", async () => {
    await workers.own(async (own) => {
      own.start({ taskId: "exits" });
      expect(await own.exited()).toBe("exit 7");
    });
  });
});
