import { batch, configure, idempotencyKeys, queues, runs, schedules, tasks } from "@windlass/sdk";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster, type TestCluster, waitFor } from "../kit/index.ts";

// What the SDK says, a cluster understands; with the examples of the SDK as tasks.

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster();
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  await cluster.deploy(fileURLToPath(new URL("../../sdk-ts/examples", import.meta.url)));
});

afterAll(() => cluster.end());

test("a queue has the limits that its tasks declare", async () => {
  expect(await queues.retrieve("outgoing")).toMatchObject({
    concurrencyLimit: 5,
    rateLimit: { limit: 100, periodMs: 60_000, perKey: true },
    maxLength: 100_000,
  });
  expect(await queues.retrieve({ type: "task", name: "update-ledger" })).toMatchObject({ concurrencyLimit: 1 });
});

test("a run of a paused queue says so, and begins when the queue is resumed, whatever limit was set meanwhile", async () => {
  await queues.pause("outgoing");
  const handle = await tasks.trigger("call-webhook", { url: "x" }, { concurrencyKey: "k" });
  await waitFor("the run to be held", async () => {
    const { hold } = await runs.retrieve(handle);
    return hold?.reason === "QUEUE_PAUSED";
  });
  expect(await queues.overrideConcurrencyLimit("outgoing", 1)).toMatchObject({
    isOverridden: true,
    concurrencyLimit: 1,
  });
  expect(await queues.resume("outgoing")).toMatchObject({ paused: false });
  expect(await runs.poll(handle)).toMatchObject({ status: "COMPLETED", output: "called x" });
  expect(await queues.resetConcurrencyLimit("outgoing")).toMatchObject({ isOverridden: false, concurrencyLimit: 5 });
});

test("a declared schedule is there, and cannot be changed from outside", async () => {
  const { data } = await schedules.list({ task: "morning-report" });
  expect(data).toMatchObject([
    { type: "DECLARATIVE", cron: "0 9 * * 1-5", timezone: "Europe/Berlin", active: true, nextRun: expect.any(Date) },
  ]);
  await expect(schedules.del(data[0]!)).rejects.toMatchObject({ reason: "SCHEDULE_DECLARATIVE" });
});

test("a schedule is made, changed, stopped and removed; the same key makes no second one", async () => {
  const options = { task: "daily-reminder", cron: "*/5 * * * *", deduplicationKey: "ada", externalId: "ada" };
  const made = await schedules.create({ ...options, timezone: "Asia/Tokyo" });
  expect(await schedules.create(options)).toMatchObject({ id: made.id, timezone: "UTC" });
  expect(await schedules.update(made, { timezone: "Asia/Tokyo" })).toMatchObject({
    cron: options.cron,
    externalId: "ada",
  });
  expect(await schedules.deactivate(made)).not.toHaveProperty("nextRun");
  await schedules.del(made);
  await expect(schedules.retrieve(made)).rejects.toMatchObject({ reason: "SCHEDULE_NOT_FOUND" });
  expect((await schedules.timezones()).timezones).toContain("Asia/Tokyo");
});

test("a batch out of an async iterable is stored, but for the items that are wrong, here and there", async () => {
  async function* items() {
    for (let n = 0; n < 2_500; n += 1)
      yield { payload: { address: String(n) }, options: n === 7 ? { priority: -1 } : {} };
  }
  const { batchId, runCount, runs: handles, failedItems } = await tasks.batchTrigger("nobody-knows", items());
  expect(runCount).toBe(2_499);
  expect(new Set(handles.map(({ id }) => id)).size).toBe(2_499);
  expect(failedItems).toMatchObject([{ index: 7, error: { violations: [{ field: "items[7].options.priority" }] } }]);
  expect(await batch.retrieve(batchId)).toMatchObject({ status: "PENDING", runCount: 2_499, completedCount: 0 });
  expect(await runs.retrieve(handles[0]!)).toMatchObject({ hold: { reason: "VERSION_MISSING" }, batchId });
});

test("a debounced run is one run, with what was said last; a reset key makes another", async () => {
  const debounce = { key: "document", delay: "5s", mode: "trailing" } as const;
  const [first, second] = [
    await tasks.trigger("index-document", { documentId: "1", text: "a" }, { debounce }),
    await tasks.trigger("index-document", { documentId: "1", text: "abc" }, { debounce }),
  ];
  expect(second).toEqual({ ...first, isCached: true });
  expect((await runs.retrieve(first)).hold).toMatchObject({ reason: "DELAYED", until: expect.any(Date) });
  expect(await runs.poll(first)).toMatchObject({ status: "COMPLETED", output: 3 });

  const idempotencyKey = await idempotencyKeys.create("greeting");
  const greet = () => tasks.trigger("hello-world", { message: "Hi" }, { idempotencyKey });
  const greeting = await greet();
  expect(await idempotencyKeys.reset("hello-world", idempotencyKey)).toEqual({ wasSet: true });
  expect(await greet()).toMatchObject({ isCached: false });
  expect((await greet()).id).not.toBe(greeting.id);
});
