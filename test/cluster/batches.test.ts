import { ErrorReason, RunStatus } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { configure, runs, tasks } from "@windlass/sdk";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  checkSettled,
  type Clients,
  runIdsOf,
  startCluster,
  type TestCluster,
  triggerAll,
  type TriggerInit,
  waitFor,
  waitUntilClean,
} from "../kit/index.ts";

const ITEMS = 10_000;
/** Every so many items one cannot become a run. */
const BAD_EVERY = 77;
const BAD = Math.ceil(ITEMS / BAD_EVERY);

let cluster: TestCluster;
let client: Clients;

beforeAll(async () => {
  cluster = await startCluster();
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  client = cluster.client();
  await cluster.deploy(fileURLToPath(new URL("batch-tasks", import.meta.url)));
  await runs.poll(await tasks.trigger("number", 0, { queue: PAUSED })); // a queue comes into being with its first trigger
  await client.queues.pauseQueue({ name: PAUSED });
});

afterEach(() => waitUntilClean("the cluster to settle", () => checkSettled(cluster.database)));
afterAll(() => cluster.end());

const freshBatch = (): string => `batch_${randomUUID()}`;
const isBad = (n: number): boolean => n % BAD_EVERY === 0;

/** Is paused: for batches of which only the storing is tested. */
const PAUSED = "paused";

/** Items whose payload is their number; the bad ones have one that is not JSON. */
const itemsOf = (batchId: string, count: number, queue = ""): TriggerInit[] =>
  Array.from({ length: count }, (_, n) => ({
    queue,
    requestId: `${batchId.slice(6, 24)}-${n}`,
    taskId: "number",
    payload: { data: Buffer.from(isBad(n) ? "{not json" : String(n)), contentType: "application/json" },
    options: { batchId },
  }));

async function batchOf(batchId: string) {
  const { batch } = await client.batches.getBatch({ batchId });
  return batch!;
}

test("10,000 items become runs, a bad one a failed item of its own, and the batch tells of all of them", async () => {
  const batchId = freshBatch();
  const items = itemsOf(batchId, ITEMS);
  const results = await triggerAll(client, items);
  expect(results.map(({ result }) => result.case)).toEqual(items.map((_, n) => (isBad(n) ? "error" : "run")));
  const batch = await batchOf(batchId);
  expect(batch).toMatchObject({ runCount: BigInt(ITEMS - BAD), failedItemCount: BigInt(BAD) });
  expect(batch.failedItems).toHaveLength(Math.min(BAD, 100));
  expect(batch.failedItems[0]).toMatchObject({ taskId: "number", error: { reason: ErrorReason.FIELD_INVALID } });
  const badIds = new Set(items.flatMap(({ requestId }, n) => (isBad(n) ? [requestId] : [])));
  expect(batch.failedItems.every(({ requestId }) => badIds.has(requestId))).toBe(true);

  // Asked of the last ones: to count a batch again and again would take the time that its runs need.
  const last = runIdsOf(results.filter(({ result }) => result.case === "run")).slice(-100);
  await Promise.all(last.map((id) => runs.poll(id)));
  await waitFor("every run of the batch to have ended", async () => {
    const { runCount, completedCount, unsuccessfulCount } = await batchOf(batchId);
    return completedCount + unsuccessfulCount === runCount;
  });
  expect(await batchOf(batchId)).toMatchObject({ completedCount: BigInt(ITEMS - BAD), unsuccessfulCount: 0n });
});

test("items that are sent again make nothing anew: no run, no failed item", async () => {
  const batchId = freshBatch();
  const items = itemsOf(batchId, 500, PAUSED);
  const first = await triggerAll(client, items);
  const second = await triggerAll(client, items);
  const bad = items.filter((_, n) => isBad(n)).length;
  const idsOf = (results: typeof first) => runIdsOf(results.filter(({ result }) => result.case === "run"));
  expect(idsOf(second)).toEqual(idsOf(first));
  expect(await batchOf(batchId)).toMatchObject({ runCount: BigInt(500 - bad), failedItemCount: BigInt(bad) });
});

test("kill -9 of the run-store in the middle of a batch: what is sent again completes it, each item once", async () => {
  const batchId = freshBatch();
  const items = itemsOf(batchId, 5_000, PAUSED);
  const sending = triggerAll(client, items).catch((error: unknown) => error);
  await waitFor("the first items to be stored", async () => {
    const statement = { name: "batches_stored", text: "select 1 from run_contents where batch_id = $1 limit 1" };
    return (await cluster.database.query(statement, [batchId])).length > 0;
  });
  await cluster.kill("run-store");
  await sending;
  await cluster.start("run-store");
  const results = await waitFor("the items to be sent again", () => triggerAll(client, items).catch(() => undefined));
  const bad = items.filter((_, n) => isBad(n)).length;
  expect(results.filter(({ result }) => result.case === "error")).toHaveLength(bad);
  expect(await batchOf(batchId)).toMatchObject({ runCount: BigInt(5_000 - bad), failedItemCount: BigInt(bad) });
});

test("a batch whose runs fail or are canceled says so", async () => {
  const batchId = freshBatch();
  const options = { batchId };
  const ids = runIdsOf(
    await triggerAll(client, [
      { taskId: "number", options },
      { taskId: "fails", options },
      { taskId: "nobody-has-it", options },
    ]),
  );
  await runs.poll(ids[1]!);
  await runs.cancel(ids[2]!);
  await Promise.all(ids.map((id) => runs.poll(id)));
  expect(await batchOf(batchId)).toMatchObject({ runCount: 3n, completedCount: 1n, unsuccessfulCount: 2n });
  const { runs: found } = await client.runs.listRuns({ batchId, statuses: [RunStatus.COMPLETED] });
  expect(found.map(({ id }) => id)).toEqual([ids[0]]);
});

test("a task that triggers a batch of 5,000 and waits is suspended once, and has every result in the order of the items", async () => {
  const handle = await tasks.trigger("sums", { count: 5_000 });
  const run = await runs.poll(handle);
  expect(run).toMatchObject({ status: "COMPLETED", output: { count: 5_000, inOrder: true, suspensions: 1 } });
});

test("a batch that is waited for and whose keys stand for runs of another batch has their results too", async () => {
  const key = randomUUID();
  const first = await runs.poll(await tasks.trigger("sums", { count: 50, key }));
  const second = await runs.poll(await tasks.trigger("sums", { count: 60, key }));
  for (const [run, count] of [
    [first, 50],
    [second, 60],
  ] as const)
    expect(run).toMatchObject({ status: "COMPLETED", output: { count, inOrder: true } });
  const { runs: ofSecond } = await client.runs.listRuns({ parentRunId: second.id, pageSize: 100 });
  expect(ofSecond).toHaveLength(10);
});

test("batches are listed, newest first; another environment's, and one that never was, cannot be found", async () => {
  const admin = cluster.client(cluster.secrets.adminToken);
  const { apiKey } = await admin.environments.createEnvironment({ slug: "other", type: 1, project: "local" });
  const batchIds = [freshBatch(), freshBatch(), freshBatch()];
  for (const batchId of batchIds) await triggerAll(client, [{ taskId: "number", options: { batchId } }]);
  const { batches } = await client.batches.listBatches({ pageSize: 3 });
  expect(batches.map(({ id }) => id)).toEqual(batchIds.toReversed());
  for (const [clients, batchId] of [
    [cluster.client(apiKey), batchIds[0]!],
    [client, "batch_none"],
  ] as const) {
    const error: unknown = await clients.batches.getBatch({ batchId }).catch((thrown: unknown) => thrown);
    expect((error as CallFailure).reason).toBe(ErrorReason.BATCH_NOT_FOUND);
  }
  await waitFor("their runs to have ended", async () => (await batchOf(batchIds[2]!)).completedCount === 1n);
});
