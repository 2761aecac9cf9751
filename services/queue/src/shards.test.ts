import { HoldReason, QueueStateService } from "@windlass/proto";
import { createChannel, createClient } from "@windlass/proto/grpc";
import { expect, onTestFinished, test, vi } from "vitest";
import { createQueueService, type QueueService } from "./service.ts";
import { type FakeRunStore, startFakeRunStore } from "./testing/fake-run-store.ts";
import { internalToken } from "./testing/parts.ts";
import { connectSupervisor, type TestSupervisor } from "./testing/test-supervisor.ts";

// Several queue services at one run-store.

async function startStore(shardCount: number): Promise<FakeRunStore> {
  const store = await startFakeRunStore(shardCount);
  onTestFinished(() => store[Symbol.asyncDispose]());
  return store;
}

async function startQueue(store: FakeRunStore, queueServiceId: string): Promise<QueueService> {
  const queue = createQueueService({
    WINDLASS_LISTEN: "127.0.0.1:0",
    WINDLASS_ADVERTISED_ADDRESS: undefined,
    WINDLASS_RUN_STORE_ADDRESS: store.address,
    WINDLASS_INTERNAL_TOKEN: internalToken,
    WINDLASS_LOG_LEVEL: "error",
    WINDLASS_DRAIN_TIMEOUT_MS: 1_000,
    WINDLASS_EXIT_WITH_PARENT: "0",
    OTEL_EXPORTER_OTLP_ENDPOINT: undefined,
    queueServiceId,
  });
  onTestFinished(() => queue.stop());
  await queue.start();
  return queue;
}

function connect(queue: QueueService, supervisorId: string, credits: number): TestSupervisor {
  const supervisor = connectSupervisor(queue.address, supervisorId, credits);
  onTestFinished(() => supervisor[Symbol.dispose]());
  return supervisor;
}

function stateClient(queue: QueueService) {
  const channel = createChannel(queue.address, { token: internalToken });
  onTestFinished(() => channel.close());
  return createClient(QueueStateService, channel);
}

function eventually(condition: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(condition, { timeout: 5_000, interval: 5 });
}

/** One run of each environment from env0 on. */
function runs(count: number, prefix: string) {
  return Array.from({ length: count }, (_, index) => ({ environmentId: `env${index}`, runId: `${prefix}${index}` }));
}

test("one service owns every shard, and its supervisors get the runs of all", async () => {
  const store = await startStore(4);
  store.queue(runs(4, "run"));
  const queue = await startQueue(store, "a");
  const supervisor = connect(queue, "sup", 4);
  await eventually(() => expect(supervisor.runIds.toSorted()).toEqual(["run0", "run1", "run2", "run3"]));
  expect(store.shards.ownedBy("a")).toEqual([0, 1, 2, 3]);
  expect(store.shards.hellos[0]?.address).toBe(queue.address);
});

test("a second service gets half of the shards, and each run is leased once", async () => {
  const store = await startStore(4);
  const first = connect(await startQueue(store, "a"), "sup", 100);
  await eventually(() => expect(store.shards.ownedBy("a")).toHaveLength(4));
  const second = connect(await startQueue(store, "b"), "sup", 100);
  await eventually(() => expect(store.shards.ownedBy("b")).toHaveLength(2));
  store.queue(runs(4, "run"));
  await eventually(() => expect(first.runIds.length + second.runIds.length).toBe(4));
  expect(second.runIds).toHaveLength(2);
  expect(store.claimed.toSorted()).toEqual(["run0", "run1", "run2", "run3"]);
});

test("a shard is let go only when the claims in flight are answered and their leases pushed", async () => {
  const store = await startStore(2);
  const first = connect(await startQueue(store, "a"), "sup", 100);
  await eventually(() => expect(store.shards.ownedBy("a")).toHaveLength(2));
  const answer = store.holdAnswers();
  store.queue(runs(2, "run"));
  await eventually(() => expect(store.heldAnswers).toBe(2));
  await startQueue(store, "b");
  await eventually(() =>
    expect(store.shards.hellos.filter(({ queueServiceId }) => queueServiceId === "a")).toHaveLength(2),
  );
  expect(store.shards.ownedBy("a")).toHaveLength(2);
  answer();
  await eventually(() => expect(store.shards.ownedBy("b")).toHaveLength(1));
  expect(first.runIds.toSorted()).toEqual(["run0", "run1"]);
});

test("a service that ends hands its shards over at once; runs leased under it still count against the limit", async () => {
  const store = await startStore(2);
  store.setQueue({ environmentId: "env0", concurrencyLimit: 1 });
  store.queue([
    { environmentId: "env0", runId: "before" },
    { environmentId: "env0", runId: "after" },
  ]);
  const first = await startQueue(store, "a");
  const before = connect(first, "sup", 10);
  await eventually(() => expect(before.runIds).toEqual(["before"]));
  const after = connect(await startQueue(store, "b"), "sup", 10);
  await eventually(() => expect(store.shards.ownedBy("b")).toEqual([1]));
  await first.stop();
  await eventually(() => expect(store.shards.ownedBy("b")).toEqual([0, 1]));
  store.queue([{ environmentId: "env1", runId: "other" }]);
  await eventually(() => expect(after.runIds).toEqual(["other"]));
  store.finish("before");
  await eventually(() => expect(after.runIds).toEqual(["other", "after"]));
});

test("a shard that was lost to another comes back with a later answer", async () => {
  const store = await startStore(1);
  const queue = await startQueue(store, "a");
  const supervisor = connect(queue, "sup", 10);
  await eventually(() => expect(store.epoch).toBe(1));
  store.shards.usurp(0);
  store.queue([{ runId: "run" }]);
  await eventually(async () => {
    await expect(stateClient(queue).explainRun({ environmentId: "env", runId: "run" })).rejects.toThrow(
      /does not know/,
    );
  });
  store.shards.abdicate();
  await eventually(() => expect(supervisor.runIds).toEqual(["run"]));
});

test("pauses, limits and slots that become free hold for the next run", async () => {
  const store = await startStore(1);
  store.setQueue({ isPaused: true });
  store.queue([
    { runId: "a" },
    { runId: "b" },
    { runId: "c", concurrencyKey: "k" },
    { runId: "d", concurrencyKey: "k" },
  ]);
  const queue = await startQueue(store, "a");
  const supervisor = connect(queue, "sup", 10);
  const client = stateClient(queue);
  const hold = async (runId: string) => (await client.explainRun({ environmentId: "env", runId })).hold;
  await eventually(async () => expect((await hold("a"))?.reason).toBe(HoldReason.QUEUE_PAUSED));
  store.setQueue({ isPaused: false, concurrencyLimit: 1 });
  await eventually(() => expect(supervisor.runIds).toEqual(["a", "c"]));
  await expect(hold("a")).resolves.toBeUndefined();
  await expect(hold("b")).resolves.toMatchObject({
    reason: HoldReason.CONCURRENCY_LIMIT,
    message: 'Queue "q" executes 1 runs, and its limit is 1.',
    runIds: ["a"],
  });
  await expect(client.describeQueues({ environmentId: "env", queues: ["q", "none"] })).resolves.toMatchObject({
    states: [
      { depth: 2n, running: 2n },
      { depth: 0n, running: 0n },
    ],
  });
  store.finish("c");
  await eventually(() => expect(supervisor.runIds).toEqual(["a", "c", "d"]));
  store.setEnvironment({ concurrencyLimit: 2 });
  store.setQueue({});
  await eventually(async () => expect((await hold("b"))?.reason).toBe(HoldReason.ENVIRONMENT_LIMIT));
  store.tellLeases();
  store.finish("a", { isNoticeLost: true });
  store.tellLeases();
  await eventually(() => expect(supervisor.runIds).toEqual(["a", "c", "d", "b"]));
});
