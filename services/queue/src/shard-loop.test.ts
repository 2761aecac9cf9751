import { createFakeClock, createServiceClient, type FakeClock, type Logger } from "@windlass/chassis";
import { RunQueueService } from "@windlass/proto";
import { expect, onTestFinished, test, vi } from "vitest";
import { CreditTurns } from "./credit-turns.ts";
import { MemoryBound } from "./memory-bound.ts";
import { createQueueMetrics } from "./metrics.ts";
import { type ShardLoop, startShardLoop } from "./shard-loop.ts";
import { Supervisors } from "./supervisors.ts";
import { type CuttableProxy, startCuttableProxy } from "./testing/cuttable-proxy.ts";
import { type FakeRunStore, startFakeRunStore } from "./testing/fake-run-store.ts";
import { internalToken, silentLogger, untraced } from "./testing/parts.ts";

/** A loop on a clock that stands still, with one supervisor that reads what it is given. */
interface Bench {
  readonly store: FakeRunStore;
  readonly wire: CuttableProxy;
  readonly clock: FakeClock;
  readonly start: () => void;
  readonly stop: () => Promise<void>;
  readonly onStale: () => void;
  readonly grant: (credits: number) => void;
  readonly runIds: readonly string[];
}

async function setUp(options: { logger?: Logger; maxReadyRuns?: number } = {}): Promise<Bench> {
  const { logger = silentLogger, maxReadyRuns = 1_000 } = options;
  const store = await startFakeRunStore();
  onTestFinished(() => store[Symbol.asyncDispose]());
  store.shards.give(0, "loop under test");
  const wire = await startCuttableProxy(store.address);
  onTestFinished(() => wire[Symbol.asyncDispose]());
  const client = createServiceClient(RunQueueService, { address: wire.address, token: internalToken });
  onTestFinished(() => client.close());
  const supervisors = new Supervisors();
  const clock = createFakeClock();
  const onStale = vi.fn<() => void>();
  let loop: ShardLoop | undefined;
  const start = (): void => {
    loop = startShardLoop({
      client,
      queueServiceId: "loop under test",
      shard: 0,
      supervisors,
      turns: new CreditTurns(supervisors),
      memory: new MemoryBound(maxReadyRuns),
      clock,
      logger,
      telemetry: untraced,
      metrics: createQueueMetrics(untraced, { queues: () => [], shardCount: () => 0 }),
      onStale,
    });
  };
  const stop = async (): Promise<void> => loop?.stop();
  onTestFinished(stop);
  const session = supervisors.open("sup");
  const runIds: string[] = [];
  const read = async (): Promise<void> => {
    for await (const { leases } of session) runIds.push(...leases.map(({ ref }) => ref?.runId ?? ""));
  };
  void read();
  return {
    store,
    wire,
    clock,
    start,
    stop,
    onStale,
    grant: (credits) => supervisors.grant(session, credits),
    runIds,
  };
}

/** Waits until the condition holds; fails with its own message after 5 s. */
function eventually(condition: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(condition, { timeout: 5_000, interval: 5 });
}

function runs(count: number): { runId: string }[] {
  return Array.from({ length: count }, (_, index) => ({ runId: `run_${String(index).padStart(6, "0")}` }));
}

test("of more runs than memory may hold, the rest is listed once there is room; none is lost and none comes twice", async () => {
  const { store, start, grant, runIds } = await setUp({ maxReadyRuns: 10 });
  store.queue(runs(35));
  start();
  grant(100);
  await eventually(() => expect(runIds).toHaveLength(35));
  expect(store.epoch).toBeGreaterThan(1);
  expect(runIds.toSorted()).toEqual(runs(35).map(({ runId }) => runId));
});

test("a queue whose runs were left out of memory is listed again also while another, paused, fills it", async () => {
  const { store, start, grant, runIds } = await setUp({ maxReadyRuns: 20 });
  store.setQueue({ queue: "paused", isPaused: true });
  store.queue(runs(40).map((run) => ({ ...run, runId: `paused_${run.runId}`, queue: "paused" })));
  store.queue(runs(5));
  start();
  grant(100);
  await eventually(() => expect(runIds.toSorted()).toEqual(runs(5).map(({ runId }) => runId)));
});

test("when another process owns the shard the loop says so once, and ends", async () => {
  const { store, start, grant, onStale, runIds } = await setUp();
  start();
  await eventually(() => expect(store.epoch).toBe(1));
  store.shards.usurp(0);
  store.queue(runs(1));
  grant(1);
  await eventually(() => expect(onStale).toHaveBeenCalledTimes(1));
  expect([runIds, store.claimed]).toEqual([[], []]);
});

test("while the run-store is away the loop waits for it, without a timer", async () => {
  const { store, wire, clock, start } = await setUp();
  wire.cut({ refuse: true });
  start();
  await clock.advance(10_000);
  expect(clock.pendingTimers).toBe(0);
  wire.mend();
  await eventually(() => expect(store.epoch).toBe(1));
});

test("while the run-store is not ready it is asked again within 2 s, and one warning is logged", async () => {
  const warnings: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (msg) => void warnings.push(msg) };
  const { store, clock, start, grant, runIds } = await setUp({ logger });
  store.queue(runs(1));
  store.failAfterPages = 0;
  start();
  await eventually(async () => {
    await clock.advance(2_000);
    expect(store.epoch).toBeGreaterThan(10);
  });
  expect(warnings).toEqual(["a shard cannot be owned"]);
  store.failAfterPages = undefined;
  grant(1);
  await eventually(async () => {
    await clock.advance(2_000);
    expect(runIds).toHaveLength(1);
  });
});

test("claims that are never answered do not keep the next epoch waiting for more than 5 s", async () => {
  const { store, clock, start, grant, runIds } = await setUp();
  store.queue(runs(2));
  const answer = store.holdAnswers();
  start();
  grant(1);
  await eventually(() => expect(store.heldAnswers).toBe(1));
  store.cutWatches();
  await clock.timersPending(1);
  await clock.advance(4_999);
  expect(store.epoch).toBe(1);
  await clock.advance(1);
  // The next timer is the pause before the next epoch.
  await clock.timersPending(1);
  answer();
  await clock.advance(2_000);
  await eventually(() => expect(store.epoch).toBe(2));
  await eventually(() => expect(runIds).toEqual(["run_000001"]));
});

test("stopping leaves nothing behind, whatever the loop is waiting for", async () => {
  const away = await setUp();
  away.wire.cut({ refuse: true });
  away.start();
  await away.stop();
  const notReady = await setUp();
  notReady.store.queue(runs(1));
  notReady.store.failAfterPages = 0;
  notReady.start();
  await notReady.clock.timersPending(1);
  await notReady.stop();
  expect(notReady.clock.pendingTimers).toBe(0);
  const owner = await setUp();
  owner.start();
  await eventually(() => expect(owner.store.epoch).toBe(1));
  await owner.stop();
  expect(owner.clock.pendingTimers).toBe(0);
});
