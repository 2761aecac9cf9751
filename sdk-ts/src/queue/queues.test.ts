import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { close, configure, queue, queues } from "../index.ts";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
  configure({ url: cluster.url, apiKey: API_KEY });
  cluster.queues.set("emails", { name: "emails", concurrencyLimit: 5, declaredConcurrencyLimit: 5 });
  cluster.queues.set("task/hello", { name: "task/hello" });
});

afterEach(async () => {
  await close();
  cluster.kill();
});

describe("a queue", () => {
  it("is told with what waits, what executes and its limits; what it has not is absent", async () => {
    cluster.queues.set("busy", {
      name: "busy",
      depth: 3n,
      running: 2n,
      oldestQueueTime: timestampFromMs(1_000),
      maxLength: 10,
      rateLimit: { limit: 5, period: durationFromMs(60_000), isPerKey: true },
    });
    expect(await queues.retrieve("busy")).toEqual({
      id: "busy",
      type: "custom",
      name: "busy",
      queued: 3,
      running: 2,
      oldestQueuedAt: new Date(1_000),
      paused: false,
      isOverridden: false,
      maxLength: 10,
      rateLimit: { limit: 5, periodMs: 60_000, perKey: true },
    });
  });

  it("is named by its id, by what queue() returned, as a task's own, or by a snapshot", async () => {
    const emails = queue({ name: "emails" });
    expect((await queues.retrieve(emails)).id).toBe("emails");
    expect((await queues.retrieve({ type: "custom", name: "emails" })).id).toBe("emails");
    expect((await queues.retrieve("task/hello")).id).toBe("task/hello");
    const own = await queues.retrieve({ type: "task", name: "hello" });
    expect(own).toMatchObject({ id: "task/hello", type: "task", name: "hello" });
    expect(await queues.retrieve(own)).toEqual(own);
  });

  it("is paused and resumed", async () => {
    expect(await queues.pause("emails")).toMatchObject({ paused: true });
    expect(await queues.resume("emails")).toMatchObject({ paused: false });
  });

  it("has its limit overridden, also by 0, until that is reset", async () => {
    expect(await queues.overrideConcurrencyLimit("emails", 0)).toMatchObject({
      concurrencyLimit: 0,
      declaredConcurrencyLimit: 5,
      isOverridden: true,
    });
    expect(await queues.resetConcurrencyLimit("emails")).toMatchObject({ concurrencyLimit: 5, isOverridden: false });
  });

  it.each([-1, 1.5, 100_001, Number.NaN, "5"])("takes no limit of %j", async (limit) => {
    await expect(queues.overrideConcurrencyLimit("emails", limit as number)).rejects.toMatchObject({
      reason: "FIELD_INVALID",
      violations: [{ field: "concurrencyLimit" }],
    });
    expect(cluster.queues.get("emails")?.isOverridden).toBeUndefined();
  });

  it.each([
    ["", "queue"],
    ["a b", "queue"],
    [undefined, "queue"],
    [{ name: 5 }, "queue.name"],
    [{ type: "task", name: "" }, "queue.name"],
    [{ type: "own", name: "x" }, "queue.type"],
  ])("is not named by %j", async (reference, field) => {
    await expect(queues.pause(reference as never)).rejects.toMatchObject({ violations: [{ field }] });
  });

  it("that does not exist is QUEUE_NOT_FOUND", async () => {
    await expect(queues.retrieve("nowhere")).rejects.toMatchObject({ reason: "QUEUE_NOT_FOUND" });
  });
});

it("queues are listed by name, page by page", async () => {
  const page = await queues.list({ limit: 1 });
  expect([page.data.map(({ id }) => id), page.hasNextPage()]).toEqual([["emails"], true]);
  const ids: string[] = [];
  for await (const { id } of queues.list({ limit: 1 })) ids.push(id);
  expect(ids).toEqual(["emails", "task/hello"]);
  await expect(queues.list({ limit: 0 })).rejects.toMatchObject({ violations: [{ field: "options.limit" }] });
});
