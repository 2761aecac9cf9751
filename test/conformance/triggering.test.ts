import { randomUUID } from "node:crypto";
import { batch, idempotencyKeys, runs, tasks, timeout } from "@windlass/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSection, type Section, tasksOf } from "./harness/open-section.ts";
import { play, storyOf, untilStatus } from "./harness/play.ts";
import { echo, tellsContext } from "./tasks/triggering/echo.ts";
import { richValues } from "./tasks/triggering/rich-values.ts";

// lifecycle.md, section 8.
let section: Section;

beforeAll(async () => {
  section = await openSection("triggering", tasksOf("triggering"));
});

afterAll(() => section[Symbol.asyncDispose]());

/** What a run of "tells-context" found out. */
async function contextOf(runId: string): Promise<Record<string, unknown>> {
  return (await runs.poll(runId)).output as Record<string, unknown>;
}

describe("a run is triggered by", () => {
  test("task.trigger(payload): a handle with id and taskIdentifier", async () => {
    const handle = await echo.trigger({ a: 1 });
    expect(handle).toMatchObject({ id: expect.stringMatching(/^run_/u) as string, taskIdentifier: "echo" });
    expect((await runs.poll(handle)).output).toEqual({ a: 1 });
  });

  test('tasks.trigger<typeof t>("id", payload)', async () => {
    const handle = await tasks.trigger<typeof echo>("echo", { a: 2 });
    expect((await runs.poll(handle)).output).toEqual({ a: 2 });
  });

  test("batchTrigger: runs in the order of the items, of one batch", async () => {
    const handle = await tellsContext.batchTrigger([{ payload: {}, options: { tags: "first" } }, { payload: {} }]);
    expect(handle).toMatchObject({ runCount: 2, batchId: expect.stringMatching(/^batch_/u) as string });
    const [first, second] = await Promise.all(handle.runs.map(({ id }) => contextOf(id)));
    expect(first).toMatchObject({ tags: ["first"], batch: handle.batchId });
    expect(second).toMatchObject({ tags: [], batch: handle.batchId });
  });

  test("batch.trigger([{ id, payload, options }])", async () => {
    const handle = await batch.trigger<typeof echo | typeof tellsContext>([
      { id: "echo", payload: "x" },
      { id: "tells-context", payload: {}, options: { maxAttempts: 7 } },
    ]);
    const [first, second] = await Promise.all(handle.runs.map(({ id }) => runs.poll(id)));
    expect(first).toMatchObject({ taskIdentifier: "echo", output: "x" });
    expect(second).toMatchObject({ taskIdentifier: "tells-context", output: { maxAttempts: 7 } });
  });

  test("a task, by the same functions: its run is the parent", async () => {
    const { run, id } = await play("triggers-inside");
    expect(run.status).toBe("COMPLETED");
    const made = run.output as { one: string; byId: string; many: string[]; manyId: string; mixed: string[] };
    for (const child of [made.one, made.byId, ...made.many, made.mixed[1]!]) {
      expect(await contextOf(child)).toMatchObject({ parent: id, root: id });
    }
    expect(await contextOf(made.many[0]!)).toMatchObject({ batch: made.manyId });
    expect((await runs.poll(made.mixed[0]!)).output).toBe("first");
  });
});

describe("options", () => {
  test('delay: "1h30m"', async () => {
    const handle = await tellsContext.trigger({}, { delay: "1h30m" });
    const run = await runs.retrieve(handle.id);
    expect(run.status).toBe("DELAYED");
    const delayMs = Number(run.dueAt) - Number(run.createdAt);
    expect(Math.abs(delayMs - 90 * 60_000)).toBeLessThan(10_000);
    await runs.cancel(handle.id);
  });

  test("delay: a Date; the run goes when it has come", async () => {
    const date = new Date(Date.now() + 5_000);
    const handle = await tellsContext.trigger({}, { delay: date });
    const { run, statuses } = await storyOf(handle.id);
    expect(statuses).toEqual(["DELAYED", "QUEUED", "EXECUTING", "COMPLETED"]);
    expect(Number(run.startedAt)).toBeGreaterThanOrEqual(date.getTime() - 100);
    expect(Number(run.startedAt)).toBeLessThan(date.getTime() + 30_000);
  });

  test("queue, priority, maxAttempts, maxDuration, machine, tags, isTest reach the run", async () => {
    const { run } = await play(
      "tells-context",
      {},
      {
        queue: "another",
        priority: 5,
        maxAttempts: 9,
        maxDuration: 77,
        machine: "small-2x",
        tags: ["a", "b"],
        isTest: true,
      },
    );
    expect(run.output).toMatchObject({
      queue: "another",
      priority: 5,
      maxAttempts: 9,
      maxDuration: 77,
      machine: "small-2x",
      tags: ["a", "b"],
      isTest: true,
    });
  });

  test("maxDuration: timeout.None", async () => {
    const { run } = await play("tells-context", {}, { maxDuration: timeout.None });
    expect(run.status).toBe("COMPLETED");
  });

  test("ttl, concurrencyKey are accepted and checked", async () => {
    const { run } = await play("tells-context", {}, { ttl: "10m", concurrencyKey: "customer-1" });
    expect(run.status).toBe("COMPLETED");
    await expect(tellsContext.trigger({}, { ttl: "soon" })).rejects.toMatchObject({
      violations: [{ field: "options.ttl" }],
    });
  });

  test("version pins the run", async () => {
    const { run } = await play("tells-context", {}, { version: section.version });
    expect(run.output).toMatchObject({ version: section.version });
  });

  test("metadata is what the run begins with", async () => {
    const { run } = await play("describes-itself", {}, { metadata: { gone: true, count: 1 } });
    expect(run.output).toMatchObject({ before: { gone: true, count: 1 } });
  });

  test.for([
    [{ delay: "a while" }, "options.delay"],
    [{ priority: -1 }, "options.priority"],
    [{ machine: "huge" }, "options.machine"],
    [{ maxAttempts: 0 }, "options.maxAttempts"],
    [{ idempotencyKey: "x".repeat(513) }, "options.idempotencyKey"],
    [{ tags: Array.from({ length: 11 }, String) }, "options.tags"],
    [{ metadata: { big: "x".repeat(256 * 1024) } }, "options.metadata"],
    [{ debounce: { key: "k", delay: "1s" }, delay: "1s" }, "options.debounce"],
    [{ unheardOf: 1 }, "options.unheardOf"],
  ] as const)("%o is refused with the field", async ([options, field]) => {
    const triggering = tasks.trigger("tells-context", {}, options as object);
    await expect(triggering).rejects.toMatchObject({ reason: "FIELD_INVALID", violations: [{ field }] });
  });
});

describe("idempotency", () => {
  test("the same key gives the same run (isCached)", async () => {
    const idempotencyKey = randomUUID();
    const first = await echo.trigger(1, { idempotencyKey });
    const second = await echo.trigger(2, { idempotencyKey });
    expect(first.isCached).toBe(false);
    expect(second).toMatchObject({ id: first.id, isCached: true });
    expect((await runs.poll(first)).output).toBe(1);
    expect(await tellsContext.trigger({}, { idempotencyKey })).toMatchObject({ isCached: false }); // another task
  });

  test("a completed run keeps its key", async () => {
    const idempotencyKey = randomUUID();
    const { id } = await play("echo", 1, { idempotencyKey });
    expect(await echo.trigger(1, { idempotencyKey })).toMatchObject({ id, isCached: true });
  });

  test("a canceled run keeps its key", async () => {
    const idempotencyKey = randomUUID();
    const { id } = await echo.trigger(1, { idempotencyKey, delay: "1h" });
    await runs.cancel(id);
    expect(await echo.trigger(1, { idempotencyKey })).toMatchObject({ id, isCached: true });
  });

  test.for([
    ["failed", "fails", "FAILED"],
    ["crashed", "crashes", "CRASHED"],
    ["timed out", "times-out", "TIMED_OUT"],
  ])("a %s run frees its key", async ([, taskId, status]) => {
    const idempotencyKey = randomUUID();
    const { id, run } = await play(taskId!, {}, { idempotencyKey });
    expect(run.status).toBe(status);
    const again = await tasks.trigger(taskId!, {}, { idempotencyKey, delay: "1h" });
    expect(again.id).not.toBe(id);
    expect(again.isCached).toBe(false);
    await runs.cancel(again.id);
  });

  test("idempotencyKeyTTL: the key ends with it", async () => {
    const idempotencyKey = randomUUID();
    const handle = await echo.trigger(1, { idempotencyKey, idempotencyKeyTTL: "1s" });
    const { run } = await storyOf(handle.id);
    // A run that is due after the key has ended tells when that is, by the cluster's own clock.
    await storyOf((await echo.trigger(0, { delay: new Date(Number(run.createdAt) + 1_200) })).id);
    expect(await echo.trigger(2, { idempotencyKey })).toMatchObject({ isCached: false });
  });

  test("scope run/attempt/global through idempotencyKeys.create", async () => {
    const unique = randomUUID();
    const [a, b] = [await play("scopes-keys", { unique }), await play("scopes-keys", { unique })];
    const idsOf = (scope: string) =>
      [a, b].flatMap((story) => [1, 2].flatMap((attempt) => Object.values(story.at(`${scope} ${attempt}`))));
    const distinct = (scope: string) => new Set(idsOf(scope)).size;
    expect(distinct("global")).toBe(1);
    expect(distinct("run")).toBe(2);
    expect(distinct("attempt")).toBe(4);
    const key = await idempotencyKeys.create([unique, "key"], { scope: "global" });
    expect((await echo.trigger("global", { idempotencyKey: key })).isCached).toBe(true);
  });
});

describe("runs", () => {
  test("retrieve", async () => {
    const { id } = await play("echo", { a: 1 });
    expect(await runs.retrieve(id)).toMatchObject({ id, status: "COMPLETED", payload: { a: 1 }, output: { a: 1 } });
    await expect(runs.retrieve("run_00000000000000000000000000")).rejects.toMatchObject({ reason: "RUN_NOT_FOUND" });
  });

  test("list, page by page", async () => {
    const tag = randomUUID();
    const made = await echo.batchTrigger([1, 2, 3].map((payload) => ({ payload, options: { tags: tag } })));
    const listed: string[] = [];
    for await (const run of runs.list({ tag, limit: 2 })) listed.push(run.id);
    expect(listed.toSorted()).toEqual(made.runs.map(({ id }) => id).toSorted());
  });

  test("replay: the same task with the same payload, tags once more; ctx.run.isReplay", async () => {
    const { id } = await play("tells-context", { n: 1 }, { tags: ["kept"] });
    const again = await runs.replay(id);
    expect(again.id).not.toBe(id);
    const run = await storyOf(again.id);
    expect(run.run).toMatchObject({ payload: { n: 1 }, output: { isReplay: true, tags: ["kept"] } });
  });

  test("reschedule: a delayed run; any other is refused", async () => {
    const handle = await echo.trigger(1, { delay: "1h" });
    await runs.reschedule(handle.id, { delay: new Date(Date.now() + 200) });
    expect((await runs.poll(handle.id)).status).toBe("COMPLETED");
    await expect(runs.reschedule(handle.id, { delay: "1h" })).rejects.toMatchObject({ reason: "RUN_NOT_DELAYED" });
  });

  test("subscribeToRun: every status until the end", async () => {
    const handle = await echo.trigger(1, { delay: "1h" });
    const seen: string[] = [];
    for await (const run of runs.subscribeToRun(handle)) {
      if (seen.length === 0) await runs.reschedule(handle.id, { delay: new Date() });
      seen.push(run.status);
    }
    expect(seen[0]).toBe("DELAYED");
    expect(seen.at(-1)).toBe("COMPLETED");
  });

  test("poll", async () => {
    const handle = await echo.trigger([1, 2]);
    expect(await runs.poll(handle)).toMatchObject({ isSuccess: true, output: [1, 2] });
  });

  test("cancel", async () => {
    const handle = await echo.trigger(1, { delay: "1h" });
    await untilStatus(handle.id, "DELAYED");
    expect((await runs.cancel(handle)).isCanceled).toBe(true);
  });
});

describe("output and payload", () => {
  test.for([[null], [true], [0], ["text"], [[1, [2]]], [{ a: { b: null } }]])("JSON values: %j", async ([value]) => {
    expect((await play("echo", value)).run.output).toEqual(value);
  });

  test("Date, Map, Set, BigInt, URL, RegExp, Error, undefined round-trip", async () => {
    const { run } = await play("takes-rich-values", richValues());
    const { kinds, payload } = run.output as { kinds: object; payload: ReturnType<typeof richValues> };
    expect(kinds).toEqual({
      date: Date.parse("2026-01-02T03:04:05.678Z"),
      map: true,
      set: true,
      bigInt: "bigint",
      url: "example.com",
      regExp: "/ab+c/giu",
      error: "kept",
      hasNothing: true,
    });
    const { error, ...others } = payload;
    const { error: sent, ...expected } = richValues();
    expect(others).toEqual(expected);
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe(sent.message);
  });

  test.for([
    ["functions", { list: [{ callback: () => {} }] }, "payload.list[0].callback"],
    ["symbols", { list: [{ symbol: Symbol("s") }] }, "payload.list[0].symbol"],
    ["streams", { list: [{ stream: new ReadableStream() }] }, "payload.list[0].stream"],
  ] as const)("%s are refused with the path named", async ([, payload, field]) => {
    await expect(tasks.trigger("echo", payload)).rejects.toMatchObject({
      reason: "FIELD_INVALID",
      violations: [{ field }],
    });
  });

  test("a payload over 3 MB is refused with the limit", async () => {
    await expect(tasks.trigger("echo", "x".repeat(3 * 1024 * 1024))).rejects.toMatchObject({
      reason: "FIELD_INVALID",
      message: expect.stringContaining("3,145,728") as string,
    });
  });
});

test("logger.debug/log/info/warn/error/trace and console.* go to the run's timeline", async () => {
  const { events } = await play("logs");
  const lines = events.flatMap((event) => (event.type === "log" ? [[event.level, event.message]] : []));
  expect(lines).toEqual([
    ["trace", "logger.trace"],
    ["debug", "logger.debug"],
    ["info", "logger.log"],
    ["info", "logger.info"],
    ["warn", "logger.warn"],
    ["error", "logger.error"],
    ["trace", "console.debug"],
    ["info", "console.log formatted { more: true }"],
    ["info", "console.info"],
    ["warn", "console.warn"],
    ["error", "console.error"],
  ]);
  expect(events).toContainEqual(
    expect.objectContaining({ message: "logger.info", attributes: { nested: { list: [1, 2] } } }),
  );
});

test("metadata and tags describe the run", async () => {
  const { run } = await play("describes-itself", {}, { metadata: { gone: true, count: 1 }, tags: ["first"] });
  const described = { status: "working", count: 3, steps: ["one", "two"] };
  expect(run.output).toMatchObject({ status: "working", now: described });
  expect(run.metadata).toEqual(described);
  expect([...run.tags].toSorted()).toEqual(["added", "also", "first"]);
});

test("usage tells the time of the attempt and of a block", async () => {
  const { run } = await play("measures");
  const told = run.output as { result: string; measuredMs: number; attemptMs: number; totalMs: number };
  expect(told.result).toBe("result");
  expect(told.measuredMs).toBeGreaterThanOrEqual(45);
  expect(told.attemptMs).toBeGreaterThanOrEqual(told.measuredMs - 5);
  expect(told.totalMs).toBeGreaterThanOrEqual(told.attemptMs - 5);
});
