import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { close, configure, task, tasks } from "../index.ts";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";

const hello = task({ id: "hello", run: async (payload: { message: string }) => payload.message.length });
const noPayload = task({ id: "no-payload", run: async () => {} });

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
  configure({ url: cluster.url, apiKey: API_KEY });
});

afterEach(async () => {
  await close();
  cluster.kill();
});

describe("trigger", () => {
  it("stores a run with its payload and gives a handle", async () => {
    const handle = await hello.trigger({ message: "Hello world!" });
    expect(handle).toEqual({ id: "run_1", taskIdentifier: "hello", isCached: false });
    expect(cluster.triggerMessages).toMatchObject([
      [{ taskId: "hello", queue: "", maxAttempts: 0, tags: [], isTest: false, traceparent: "" }],
    ]);
    const [trigger] = cluster.triggerMessages[0]!;
    expect(Buffer.from(trigger!.payload!.data).toString()).toBe('{"message":"Hello world!"}');
    expect(trigger!.requestId).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });

  it("does without a payload, and by id alone", async () => {
    await noPayload.trigger();
    await tasks.trigger<typeof hello>(
      "hello",
      { message: "x" },
      { tags: ["a", "b"], queue: "q/1", maxAttempts: 5, isTest: true },
    );
    expect(cluster.triggerMessages.flat()).toMatchObject([
      { taskId: "no-payload", payload: { contentType: "" } },
      { taskId: "hello", tags: ["a", "b"], queue: "q/1", maxAttempts: 5, isTest: true },
    ]);
  });

  it("sends what is triggered in the same moment as one message, over one stream", async () => {
    const handles = await Promise.all(
      Array.from({ length: 50 }, (_, index) => hello.trigger({ message: String(index) })),
    );
    expect(cluster.triggerMessages.map((triggers) => triggers.length)).toEqual([50]);
    expect(handles.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, index) => `run_${index + 1}`));
    await hello.trigger({ message: "later" });
    expect(cluster.streams.triggers).toBe(1);
  });

  it("splits messages by count and by size", async () => {
    await Promise.all(Array.from({ length: 2_500 }, () => noPayload.trigger()));
    expect(cluster.triggerMessages.map((triggers) => triggers.length)).toEqual([1_000, 1_000, 500]);
    cluster.triggerMessages.length = 0;
    const message = "x".repeat(3 * 1024 * 1024 - 100);
    await Promise.all(Array.from({ length: 7 }, () => hello.trigger({ message })));
    expect(cluster.triggerMessages.map((triggers) => triggers.length)).toEqual([3, 3, 1]);
  });

  it("fails alone when only one of a message is refused", async () => {
    const [good, bad] = await Promise.allSettled([noPayload.trigger(), tasks.trigger("refused", undefined)]);
    expect(good).toMatchObject({ status: "fulfilled" });
    expect(bad).toMatchObject({
      status: "rejected",
      reason: {
        reason: "FIELD_INVALID",
        violations: [{ field: "trigger.taskId", description: "is refused by this test." }],
      },
    });
    expect(cluster.triggerMessages).toHaveLength(1);
  });

  it("survives a restart of the cluster: what was unanswered is sent again, and makes one run", async () => {
    await noPayload.trigger();
    cluster.isSilent = true;
    const triggering = Promise.all([hello.trigger({ message: "a" }), hello.trigger({ message: "b" })]);
    await vi.waitFor(() => expect(cluster.runs.size).toBe(3));
    cluster.kill();
    cluster.isSilent = false;
    await cluster.listen();
    expect((await triggering).map(({ id }) => id)).toEqual(["run_2", "run_3"]);
    expect(cluster.runs.size).toBe(3);
  });

  describe("refuses before anything is sent", () => {
    it.each([
      { what: "half a debounce", options: { debounce: { key: "a" } as never }, field: "options.debounce.delay" },
      { what: "an option misspelt", options: { maxAttempt: 3 }, field: "options.maxAttempt" },
      { what: "too many attempts", options: { maxAttempts: 101 }, field: "options.maxAttempts" },
      { what: "a negative number of attempts", options: { maxAttempts: -1 }, field: "options.maxAttempts" },
      { what: "a queue with a strange name", options: { queue: "a*b" }, field: "options.queue" },
      { what: "too many tags", options: { tags: Array.from({ length: 11 }, String) }, field: "options.tags" },
      { what: "a tag that is too long", options: { tags: ["ok", "x".repeat(129)] }, field: "options.tags[1]" },
      { what: "a tag with half a surrogate pair", options: { tags: ["\ud800"] }, field: "options.tags[0]" },
    ])("$what", async ({ options, field }) => {
      const failing = hello.trigger({ message: "x" }, options);
      await expect(failing).rejects.toMatchObject({
        name: "WindlassError",
        reason: "FIELD_INVALID",
        violations: [{ field }],
      });
      expect(cluster.triggerMessages).toEqual([]);
    });

    it.each([
      { what: "a payload over 3 MB", payload: { message: "x".repeat(3 * 1024 * 1024) }, field: "payload" },
      { what: "a payload with a symbol", payload: { message: "x", extra: [Symbol("s")] }, field: "payload.extra[0]" },
      { what: "a payload with a function", payload: { message: "x", callback: () => {} }, field: "payload.callback" },
    ])("$what", async ({ payload, field }) => {
      const failing = hello.trigger(payload);
      await expect(failing).rejects.toMatchObject({ reason: "FIELD_INVALID", violations: [{ field }] });
    });

    it.each(["", "x".repeat(257), "a\nb", "\ud800", 7])("the task id %j", async (id) => {
      await expect(tasks.trigger(id as string, {})).rejects.toMatchObject({
        reason: "FIELD_INVALID",
        violations: [{ field: "taskId" }],
      });
    });
  });
});
