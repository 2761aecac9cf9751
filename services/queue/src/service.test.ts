import { ErrorReason } from "@windlass/proto";
import { expect, onTestFinished, test, vi } from "vitest";
import { createQueueService, type QueueService } from "./service.ts";
import { type CuttableProxy, startCuttableProxy } from "./testing/cuttable-proxy.ts";
import { type FakeRunStore, type QueuedRunInit, startFakeRunStore } from "./testing/fake-run-store.ts";
import { internalToken } from "./testing/parts.ts";
import { connectSupervisor, type TestSupervisor } from "./testing/test-supervisor.ts";

/** A queue service, with a run-store behind a wire that can be cut. */
interface Bench {
  readonly store: FakeRunStore;
  readonly wire: CuttableProxy;
  readonly queue: QueueService;
  readonly connect: (supervisorId: string, credits: number) => TestSupervisor;
}

async function setUp({ waiting = [] }: { waiting?: Partial<QueuedRunInit>[] } = {}): Promise<Bench> {
  const store = await startFakeRunStore();
  onTestFinished(() => store[Symbol.asyncDispose]());
  store.queue(waiting);
  const wire = await startCuttableProxy(store.address);
  onTestFinished(() => wire[Symbol.asyncDispose]());
  const queue = await startQueue(wire.address);
  return {
    store,
    wire,
    queue,
    connect: (supervisorId, credits) => {
      const supervisor = connectSupervisor(queue.address, supervisorId, credits);
      onTestFinished(() => supervisor[Symbol.dispose]());
      return supervisor;
    },
  };
}

async function startQueue(runStoreAddress: string, queueServiceId = "queue under test"): Promise<QueueService> {
  const queue = createQueueService({
    WINDLASS_LISTEN: "127.0.0.1:0",
    WINDLASS_ADVERTISED_ADDRESS: undefined,
    WINDLASS_RUN_STORE_ADDRESS: runStoreAddress,
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

function names(count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, index) => `run_${String(first + index).padStart(6, "0")}`);
}

function runs(count: number, first = 0): { runId: string }[] {
  return names(count, first).map((runId) => ({ runId }));
}

/** Waits until the condition holds; fails with its own message after 5 s. */
function eventually(condition: () => void): Promise<void> {
  return vi.waitFor(condition, { timeout: 5_000, interval: 5 });
}

test("what waited before the start and what comes later is leased in order", async () => {
  const { store, connect } = await setUp({ waiting: runs(250) });
  const supervisor = connect("sup", 300);
  await eventually(() => expect(supervisor.runIds).toEqual(names(250)));
  store.queue(runs(10, 250));
  await eventually(() => expect(supervisor.runIds).toEqual(names(260)));
});

test("runs of two environments are leased in turn", async () => {
  const waiting = runs(6).map((run, index) => ({ ...run, environmentId: index < 4 ? "env1" : "env2" }));
  const { connect } = await setUp({ waiting });
  const supervisor = connect("sup", 6);
  await eventually(() => expect(supervisor.runIds).toHaveLength(6));
  const environmentIds = supervisor.leases.map(({ ref }) => ref?.environmentId);
  expect(environmentIds).toEqual(["env1", "env2", "env1", "env2", "env1", "env1"]);
});

test("a run given back is leased again", async () => {
  const { store, connect } = await setUp({ waiting: runs(1) });
  const supervisor = connect("sup", 2);
  await eventually(() => expect(supervisor.runIds).toEqual(names(1)));
  store.release("run_000000");
  await eventually(() => expect(supervisor.runIds).toEqual([...names(1), ...names(1)]));
});

test("a run whose process is suspended at a supervisor is leased to that one, before what has waited longer", async () => {
  const { store, connect } = await setUp({ waiting: runs(3) });
  const other = connect("other", 0);
  store.queue([{ runId: "resumed", supervisorId: "home" }]);
  await eventually(() => expect(store.epoch).toBe(1));
  const home = connect("home", 2);
  await eventually(() => expect(home.runIds).toEqual(["resumed", "run_000000"]));
  other.grant(5);
  await eventually(() => expect(other.runIds).toEqual(["run_000001", "run_000002"]));
});

test("a run that was canceled while it waited is passed over", async () => {
  const { store, connect } = await setUp({ waiting: runs(3) });
  await eventually(() => expect(store.epoch).toBe(1));
  store.cancel("run_000001");
  const supervisor = connect("sup", 2);
  await eventually(() => expect(supervisor.runIds).toEqual(["run_000000", "run_000002"]));
});

test("an expired supervisor is told so, and its runs go to another", async () => {
  const { store, connect } = await setUp({ waiting: runs(2) });
  store.expired.add("expired");
  const expired = connect("expired", 10);
  await expect(expired.ended).resolves.toMatchObject({ reason: ErrorReason.SUPERVISOR_EXPIRED });
  const alive = connect("alive", 10);
  await eventually(() => expect(alive.runIds).toEqual(names(2)));
});

test("when the run-store vanishes in the middle of a claim and returns, every run is leased and none twice", async () => {
  const { store, wire, connect } = await setUp({ waiting: runs(150) });
  const answer = store.holdAnswers();
  const supervisor = connect("sup", 100);
  await eventually(() => expect(store.heldAnswers).toBe(1));
  wire.cut({ refuse: true });
  answer();
  store.queue(runs(20, 150));
  wire.mend();
  // The 100 that were claimed and not answered are leased to a supervisor that has not got them: its heartbeat gives them back.
  await eventually(() => expect(supervisor.runIds).toEqual(names(70, 100)));
  expect(store.claimed).toEqual(names(170));
  for (const runId of names(100)) store.release(runId);
  supervisor.grant(100);
  await eventually(() => expect(supervisor.runIds.toSorted()).toEqual(names(170)));
});

test("when the watch is cut in the middle of the snapshot, the next one is whole", async () => {
  const { store, wire, connect } = await setUp();
  wire.cut({ refuse: true });
  store.queue(runs(250));
  store.failAfterPages = 1;
  wire.mend();
  await eventually(() => expect(store.epoch).toBeGreaterThan(2));
  store.failAfterPages = undefined;
  const supervisor = connect("sup", 1_000);
  await eventually(() => expect(supervisor.runIds.toSorted()).toEqual(names(250)));
});

test("when only the watch breaks, claims in flight are still delivered", async () => {
  const { store, connect } = await setUp({ waiting: runs(5) });
  const answer = store.holdAnswers();
  const supervisor = connect("sup", 5);
  await eventually(() => expect(store.heldAnswers).toBe(1));
  store.cutWatches();
  answer();
  await eventually(() => expect(supervisor.runIds).toEqual(names(5)));
  await eventually(() => expect(store.epoch).toBe(2));
});

test("when a supervisor's stream is cut between claim and push, its next stream gets the leases", async () => {
  const { store, connect } = await setUp({ waiting: runs(3) });
  const answer = store.holdAnswers();
  const before = connect("sup", 3);
  await eventually(() => expect(store.heldAnswers).toBe(1));
  before.cancel();
  await before.ended;
  const after = connect("sup", 2);
  store.queue([{ runId: "run_000003" }]);
  // The claim for its new credit shows that the queue knows the new stream.
  await eventually(() => expect(store.leases.size).toBe(4));
  answer();
  await eventually(() => expect(after.runIds).toEqual(["run_000000", "run_000003"]));
  expect(store.claimed).toHaveLength(4);
});

test("a supervisor that finishes gets what was being claimed for it, then the end", async () => {
  const { store, connect } = await setUp({ waiting: runs(2) });
  const answer = store.holdAnswers();
  const supervisor = connect("sup", 2);
  await eventually(() => expect(store.heldAnswers).toBe(1));
  supervisor.finish();
  store.queue(runs(1, 2));
  answer();
  await expect(supervisor.ended).resolves.toBeUndefined();
  expect(supervisor.runIds).toEqual(names(2));
});

test.each([
  { name: "no supervisor id", first: "", credits: 1, field: "supervisor_id" },
  { name: "an absurd supervisor id", first: "x".repeat(10_000), credits: 1, field: "supervisor_id" },
  { name: "negative credits", first: "sup", credits: -1, field: "credits" },
  { name: "too many credits", first: "sup", credits: 10_001, field: "credits" },
])("$name is refused by name", async ({ first, credits, field }) => {
  const { connect } = await setUp();
  const supervisor = connect(first, credits);
  await expect(supervisor.ended).resolves.toMatchObject({ reason: ErrorReason.FIELD_INVALID, violations: [{ field }] });
});

test("credits may not pile up beyond the limit", async () => {
  const { connect } = await setUp();
  const supervisor = connect("sup", 10_000);
  supervisor.grant(1);
  await expect(supervisor.ended).resolves.toMatchObject({ reason: ErrorReason.FIELD_INVALID });
});

test("on drain, supervisors get what was being claimed for them, and are told to come again", async () => {
  const { store, queue, connect } = await setUp({ waiting: runs(2) });
  const answer = store.holdAnswers();
  const supervisor = connect("sup", 2);
  await eventually(() => expect(store.heldAnswers).toBe(1));
  const drained = queue.drain(AbortSignal.timeout(5_000));
  answer();
  await drained;
  await expect(supervisor.ended).resolves.toMatchObject({ reason: ErrorReason.NOT_READY });
  expect(supervisor.runIds).toEqual(names(2));
});

test("a run that comes while none waits is leased as it is stored; a pause holds for those too", async () => {
  const { store, connect } = await setUp({ waiting: runs(1) });
  const supervisor = connect("sup", 20);
  await eventually(() => expect(store.asked).toBeGreaterThan(0));
  const told = store.told;
  store.queue(runs(1, 1));
  await eventually(() => expect(supervisor.runIds).toEqual(names(2)));
  expect(store.told).toBe(told);
  store.setQueue({ isPaused: true });
  await eventually(() => expect(store.asked).toBe(0));
  store.queue(runs(1, 2));
  store.queue([{ runId: "other", queue: "other" }]);
  await eventually(() => expect(supervisor.runIds).toEqual([...names(2), "other"]));
  store.setQueue({ isPaused: false });
  await eventually(() => expect(supervisor.runIds).toContain("run_000002"));
});
