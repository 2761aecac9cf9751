import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { BatchWaitSchema, HoldReason, RunStatus, WaitSchema } from "@windlass/proto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { batch, close, configure, idempotencyKeys, type RunEvent, runs, task, tasks } from "../index.ts";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";

const hello = task({ id: "hello", run: async (payload: { message: string }) => payload.message.length });

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
  configure({ url: cluster.url, apiKey: API_KEY });
});

afterEach(async () => {
  await close();
  cluster.kill();
});

describe("a run", () => {
  it("shows what it was triggered with", async () => {
    const { id } = await hello.trigger(
      { message: "x" },
      { delay: new Date(5_000), ttl: "10m", priority: 3, idempotencyKey: "k", metadata: { a: 1 }, maxDuration: 60 },
    );
    expect(await runs.retrieve(id)).toMatchObject({
      status: "DELAYED",
      metadata: { a: 1 },
      options: {
        delayedUntil: new Date(5_000),
        ttlMs: 600_000,
        priority: 3,
        idempotencyKey: "k",
        maxDuration: 60,
      },
    });
  });

  it("says why it does not execute, which schedule made it, and when it expires", async () => {
    const { id } = await hello.trigger(
      { message: "x" },
      { debounce: { key: "k", delay: "5s", mode: "leading", maxDelay: "1m" } },
    );
    const until = timestampFromMs(9_000);
    cluster.holds.set(id, {
      reason: HoldReason.CONCURRENCY_LIMIT,
      message: 'The queue "emails" executes 1 of 1.',
      runIds: ["run_9"],
      until,
    });
    cluster.change(id, { scheduleId: "sched_1", expireTime: until });
    expect(await runs.retrieve(id)).toMatchObject({
      hold: {
        reason: "CONCURRENCY_LIMIT",
        message: 'The queue "emails" executes 1 of 1.',
        runIds: ["run_9"],
        until: new Date(9_000),
      },
      scheduleId: "sched_1",
      expiresAt: new Date(9_000),
      options: { debounce: { key: "k", delayMs: 5_000, mode: "leading", maxDelayMs: 60_000 } },
    });
    cluster.holds.delete(id);
    expect(await runs.retrieve(id)).not.toHaveProperty("hold");
  });

  it("of a key that was reset is made anew", async () => {
    const key = await idempotencyKeys.create("k");
    const first = await hello.trigger({ message: "x" }, { idempotencyKey: key });
    expect(await idempotencyKeys.reset("hello", key)).toEqual({ wasSet: true });
    expect(await idempotencyKeys.reset("hello", key)).toEqual({ wasSet: false });
    const second = await hello.trigger({ message: "x" }, { idempotencyKey: key });
    expect([second.isCached, second.id === first.id]).toEqual([false, false]);
    await expect(idempotencyKeys.reset("", key)).rejects.toMatchObject({ violations: [{ field: "taskIdentifier" }] });
    await expect(idempotencyKeys.reset("hello", "")).rejects.toMatchObject({ violations: [{ field: "key" }] });
  });

  it("of a key that is known is given again, and said to be", async () => {
    const first = await hello.trigger({ message: "x" }, { idempotencyKey: "k" });
    const second = await hello.trigger({ message: "y" }, { idempotencyKey: "k" });
    expect([first.isCached, second]).toEqual([false, { ...first, isCached: true }]);
    expect((await tasks.trigger("other", {}, { idempotencyKey: "k" })).isCached).toBe(false);
  });

  it("is replayed, with its own payload or another", async () => {
    const handle = await hello.trigger({ message: "x" });
    const replay = await runs.replay(handle);
    expect(await runs.retrieve(replay)).toMatchObject({ replayOfRunId: handle.id, payload: { message: "x" } });
    const other = await runs.replay(handle, { payload: { message: new Date(0) } });
    expect(await runs.retrieve(other)).toMatchObject({ payload: { message: new Date(0) } });
  });

  it("is rescheduled while it is delayed", async () => {
    const handle = await hello.trigger({ message: "x" }, { delay: "1h" });
    expect(await runs.reschedule(handle, { delay: new Date(5_000) })).toMatchObject({ dueAt: new Date(5_000) });
    const { id } = await hello.trigger({ message: "x" });
    await expect(runs.reschedule(id, { delay: "1h" })).rejects.toMatchObject({ reason: "RUN_NOT_DELAYED" });
    await expect(runs.reschedule(handle, { delay: "soon" })).rejects.toMatchObject({
      violations: [{ field: "options.delay" }],
    });
  });

  it("is described anew from outside", async () => {
    const handle = await hello.trigger({ message: "x" }, { tags: ["one"] });
    await runs.addTags(handle, "two");
    expect(await runs.updateMetadata(handle, { step: 2 })).toMatchObject({
      tags: ["one", "two"],
      metadata: { step: 2 },
    });
    await expect(runs.updateMetadata(handle, { at: 1n } as never)).rejects.toThrow("metadata.at is a BigInt");
  });

  it("tells of its waits", async () => {
    const { id } = await hello.trigger({ message: "x" });
    const waits = [
      create(WaitSchema, { id: "w", kind: { case: "until", value: timestampFromMs(5_000) } }),
      create(WaitSchema, { id: "w", kind: { case: "runId", value: "run_9" } }),
      create(WaitSchema, {
        id: "w",
        kind: {
          case: "batch",
          value: create(BatchWaitSchema, { batchId: "batch_1", runCount: 2_000, runIds: ["a", "b"] }),
        },
      }),
      create(WaitSchema, { id: "w", kind: { case: "tokenId", value: "token_1" } }),
    ];
    for (const wait of waits) {
      cluster.tell(id, { body: { case: "waitStarted", value: { wait, attemptNumber: 1 } } });
      cluster.tell(id, { body: { case: "waitEnded", value: { waitId: "w", attemptNumber: 1 } } });
    }
    cluster.change(id, { status: RunStatus.COMPLETED });
    const events: RunEvent[] = [];
    for await (const event of runs.subscribeToEvents(id)) events.push(event);
    expect(events.filter(({ type }) => type === "wait-started")).toMatchObject([
      { waitId: "w", wait: { type: "duration", date: new Date(5_000) }, attempt: 1 },
      { wait: { type: "task", runId: "run_9" } },
      { wait: { type: "batch", batchId: "batch_1", runCount: 2_000 } },
      { wait: { type: "token", token: "token_1" } },
    ]);
    expect(events.filter(({ type }) => type === "wait-ended")).toHaveLength(4);
  });
});

describe("a list", () => {
  it("gives pages, and all runs when it is iterated", async () => {
    for (const _ of Array(5).keys()) await hello.trigger({ message: "x" });
    const page = await runs.list({ limit: 2 });
    expect(page.data.map(({ id }) => id)).toEqual(["run_5", "run_4"]);
    expect((await page.getNextPage()).data.map(({ id }) => id)).toEqual(["run_3", "run_2"]);
    const all: string[] = [];
    for await (const { id } of runs.list({ limit: 2 })) all.push(id);
    expect(all).toEqual(["run_5", "run_4", "run_3", "run_2", "run_1"]);
    const last = await runs.list();
    expect(last.hasNextPage()).toBe(false);
    await expect(last.getNextPage()).rejects.toThrow("last page");
  });

  it("selects by everything that a list can be filtered by", async () => {
    await hello.trigger({ message: "x" }, { tags: "a" });
    const { batchId } = await batch.trigger([{ id: "other", payload: 1 }]);
    cluster.change("run_1", { status: RunStatus.FAILED });
    const ids = async (filter: Parameters<typeof runs.list>[0]) => (await runs.list(filter)).data.map(({ id }) => id);
    expect(await ids({ status: "FAILED" })).toEqual(["run_1"]);
    expect(await ids({ status: ["QUEUED", "WAITING"] })).toEqual(["run_2"]);
    expect(await ids({ taskIdentifier: "hello" })).toEqual(["run_1"]);
    expect(await ids({ tag: "a" })).toEqual(["run_1"]);
    expect(await ids({ batch: batchId })).toEqual(["run_2"]);
    expect(await ids({ parentRunId: "run_9" })).toEqual([]);
    await hello.trigger({ message: "x" }, { isTest: true, queue: { name: "mail" } });
    cluster.change("run_3", { version: "20270101.1", scheduleId: "sched_1", createTime: timestampFromMs(5_000) });
    expect(await ids({ queue: "mail" })).toEqual(["run_3"]);
    expect(await ids({ version: "20270101.1", schedule: "sched_1" })).toEqual(["run_3"]);
    expect(await ids({ isTest: true })).toEqual(["run_3"]);
    expect(await ids({ isTest: false })).toEqual(["run_2", "run_1"]);
    expect(await ids({ from: new Date(5_000) })).toEqual(["run_3"]);
    expect(await ids({ from: 0, to: 5_000 })).toEqual(["run_2", "run_1"]);
  });

  it.each([
    { status: "DONE" },
    { limit: 0 },
    { limit: 1_001 },
    { tag: "" },
    { from: "today" },
    { to: Number.NaN },
    { isTest: "yes" },
    { queue: "" },
    { period: "1d" },
  ])("refuses %j", async (filter) => {
    await expect(runs.list(filter as object)).rejects.toMatchObject({
      reason: "FIELD_INVALID",
      violations: [{ field: `options.${Object.keys(filter)[0]}` }],
    });
  });
});
