import { RunStatus } from "@windlass/proto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { batch, type BatchItem, close, configure, runs, task, tasks } from "../index.ts";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";

const hello = task({ id: "hello", run: async (payload: { message: string }) => payload.message });
let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
  configure({ url: cluster.url, apiKey: API_KEY, timeoutMs: 5_000 });
});

afterEach(async () => {
  await close();
  cluster.kill();
});

describe("a batch", () => {
  it("travels as one message, keeps the items' order, and shares an id", async () => {
    const {
      batchId,
      runCount,
      runs: handles,
    } = await hello.batchTrigger([
      { payload: { message: "a" } },
      { payload: { message: "b" }, options: { tags: "two" } },
    ]);
    expect(batchId).toMatch(/^batch_[\w-]{1,64}$/);
    expect([runCount, handles.map(({ id }) => id)]).toEqual([2, ["run_1", "run_2"]]);
    expect(cluster.triggerMessages).toMatchObject([
      [{ options: { batchId } }, { options: { batchId }, tags: ["two"] }],
    ]);
    expect(await runs.retrieve(handles[1]!)).toMatchObject({ batchId });
  });

  it("may hold several tasks, by id or as they are", async () => {
    const byId = await batch.trigger<typeof hello>([{ id: "hello", payload: { message: "x" } }]);
    const byTask = await batch.triggerByTask([{ task: hello, payload: { message: "x" } }]);
    expect([byId.runs[0]?.taskIdentifier, byTask.runs[0]?.taskIdentifier]).toEqual(["hello", "hello"]);
  });

  it("may be empty", async () => {
    expect(await hello.batchTrigger([])).toMatchObject({ runCount: 0, runs: [] });
  });

  it("of 100,000 items travels in messages of 1,000, one after the other, in order", async () => {
    const items = Array.from({ length: 100_000 }, (_, i) => ({ payload: { message: String(i) } }));
    const handle = await hello.batchTrigger(items);
    expect(handle.runCount).toBe(100_000);
    expect(handle.failedItems).toEqual([]);
    expect(cluster.triggerMessages.map((message) => message.length)).toEqual(Array(100).fill(1_000));
    expect(cluster.streams.triggers).toBe(1);
    expect(handle.runs.every(({ id }, index) => id === `run_${index + 1}`)).toBe(true);
    const last = Buffer.from(cluster.runs.get("run_100000")?.payload?.data ?? []);
    expect(last.toString()).toBe('{"message":"99999"}');
  }, 60_000);

  it("of an async iterable is asked for no more than is being stored and what comes next", async () => {
    let asked = 0;
    let mostAhead = 0;
    async function* endless(): AsyncGenerator<BatchItem<{ message: string }>> {
      for (; asked < 10_000; asked += 1) {
        mostAhead = Math.max(mostAhead, asked - cluster.runs.size);
        yield { payload: { message: "x" } };
      }
    }
    expect(await hello.batchTrigger(endless())).toMatchObject({ runCount: 10_000 });
    expect(mostAhead).toBeLessThanOrEqual(2_000);
  });

  it("of large payloads travels in messages that a cluster takes", async () => {
    const message = "x".repeat(2_500_000);
    const { runCount } = await hello.batchTrigger(Array.from({ length: 7 }, () => ({ payload: { message } })));
    expect(runCount).toBe(7);
    expect(cluster.triggerMessages.map((items) => items.length)).toEqual([4, 3]);
  });

  it.each([
    { what: "a wrong option", item: { payload: 1, options: { ttl: "x" } }, field: "items[1].options.ttl" },
    {
      what: "a debounced run",
      item: { payload: 1, options: { debounce: { key: "a", delay: "1s" } } },
      field: "items[1].options.debounce",
    },
    { what: "a payload that cannot travel", item: { payload: [() => {}] }, field: "items[1].payload[0]" },
    { what: "a misspelt field", item: { payload: 1, option: {} }, field: "items[1].option" },
    { what: "an item that is none", item: null, field: "items[1]" },
    { what: "an item that cannot be read", item: unreadable(), field: "items[1]" },
  ])("with $what has a failed item, and the others are stored", async ({ item, field }) => {
    const handle = await tasks.batchTrigger("t", [{ payload: 0 }, item, { payload: 2 }] as never);
    expect(handle.runs.map(({ id }) => id)).toEqual(["run_1", "run_2"]);
    expect(handle).toMatchObject({
      runCount: 2,
      failedItems: [{ index: 1, error: { reason: "FIELD_INVALID", violations: [{ field }] } }],
    });
  });

  it("of which the cluster refuses one has a failed item, told of by the cluster too", async () => {
    const items = [
      { id: "t", payload: 1 },
      { id: "refused", payload: 1 },
      { id: "t", payload: 2 },
    ];
    const { batchId, runs: handles, failedItems } = await batch.trigger(items);
    expect(handles.map(({ id }) => id)).toEqual(["run_1", "run_2"]);
    expect(failedItems).toMatchObject([{ index: 1, taskIdentifier: "refused", error: { reason: "FIELD_INVALID" } }]);
    expect(await batch.retrieve(batchId)).toMatchObject({
      status: "PENDING",
      runCount: 2,
      failedItemCount: 1,
      failedItems: [{ taskIdentifier: "refused", reason: "FIELD_INVALID" }],
    });
  });

  it("by task keeps the places of its runs", async () => {
    const refused = task({ id: "refused", run: async () => {} });
    const handle = await batch.triggerByTask([{ task: refused }, { task: hello, payload: { message: "x" } }]);
    expect(handle.runs).toEqual([undefined, { id: "run_1", taskIdentifier: "hello", isCached: false }]);
    expect(handle.failedItems).toMatchObject([{ index: 0, taskIdentifier: "refused" }]);
  });

  it.each([
    { what: "a list that is none", items: {} },
    { what: "nothing", items: undefined },
    { what: "a text", items: "abc" },
    { what: "too many", items: Array.from({ length: 100_001 }, () => ({ payload: 1 })) },
  ])("of $what is refused before anything is sent", async ({ items }) => {
    await expect(tasks.batchTrigger("t", items as never)).rejects.toMatchObject({
      reason: "FIELD_INVALID",
      violations: [{ field: "items" }],
    });
    expect(cluster.triggerMessages).toEqual([]);
  });

  it("of an iterable that has too many is broken off, and says what is stored", async () => {
    function* endless(): Generator<{ payload: number }> {
      for (;;) yield { payload: 1 };
    }
    await expect(tasks.batchTrigger("t", endless() as never)).rejects.toThrow(
      /^batch_\S+ was broken off after 100000 items, of which 100000 are stored: items must be at most 100,000\.$/,
    );
  }, 60_000);

  it("of an iterable that throws is broken off with that error", async () => {
    async function* broken(): AsyncGenerator<{ payload: number }> {
      yield { payload: 1 };
      throw new RangeError("the database is away");
    }
    await expect(tasks.batchTrigger("t", broken() as never)).rejects.toThrow(RangeError);
  });

  it("that the cluster does not answer fails as a whole, and names the batch", async () => {
    configure({ url: cluster.url, apiKey: "wl_wrong" });
    await expect(tasks.batchTrigger("t", [{ payload: 1 }] as never)).rejects.toMatchObject({
      reason: "API_KEY_INVALID",
      message: expect.stringMatching(/^batch_\S+ was broken off after 0 items/) as string,
    });
  });

  it("sends again, under the same request ids, what a cluster had no room for at that moment", async () => {
    cluster.overloads = 3;
    const items = ["a", "b"].map((message) => ({ payload: { message } }));
    expect(await hello.batchTrigger(items)).toMatchObject({ runCount: 2, failedItems: [] });
    const [first, second, third] = cluster.triggerMessages.map((message) => message.map(({ requestId }) => requestId));
    expect([first, third]).toEqual([second, second?.slice(0, 1)]);
    cluster.overloads = 1_000_000;
    configure({ url: cluster.url, apiKey: API_KEY, timeoutMs: 1_500 });
    expect((await hello.batchTrigger(items)).failedItems).toMatchObject([
      { index: 0, error: { reason: "OVERLOADED" } },
      { index: 1, error: { reason: "OVERLOADED" } },
    ]);
  });

  it("survives a break of the connection: what was unanswered is sent again, and makes no second run", async () => {
    cluster.isSilent = true;
    const triggering = hello.batchTrigger([{ payload: { message: "a" } }, { payload: { message: "b" } }]);
    await vi.waitFor(() => expect(cluster.runs.size).toBe(2));
    cluster.kill();
    cluster.isSilent = false;
    await cluster.listen();
    expect((await triggering).runs.map(({ id }) => id)).toEqual(["run_1", "run_2"]);
  });
});

describe("batches", () => {
  it("tell how far they are", async () => {
    const { batchId } = await hello.batchTrigger([{ payload: { message: "a" } }, { payload: { message: "b" } }]);
    cluster.change("run_1", { status: RunStatus.COMPLETED });
    expect(await batch.retrieve(batchId)).toMatchObject({ status: "PENDING", completedCount: 1, unsuccessfulCount: 0 });
    cluster.change("run_2", { status: RunStatus.FAILED });
    expect(await batch.retrieve(batchId)).toMatchObject({ status: "COMPLETED", unsuccessfulCount: 1 });
    expect((await batch.list()).data.map(({ id }) => id)).toEqual([batchId]);
  });

  it("that do not exist, or are no ids, are refused", async () => {
    await expect(batch.retrieve("batch_1")).rejects.toMatchObject({ reason: "BATCH_NOT_FOUND" });
    await expect(batch.retrieve("run_1")).rejects.toMatchObject({ violations: [{ field: "batchId" }] });
  });
});

function unreadable(): object {
  return {
    get payload(): never {
      throw new Error("not now");
    },
  };
}
