import { ErrorReason, type Hold, HoldReason, QueueStateService } from "@windlass/proto";
import { createChannel, createClient } from "@windlass/proto/grpc";
import { expect, onTestFinished, test, vi } from "vitest";
import { createQueueService } from "./service.ts";
import { startFakeRunStore } from "./testing/fake-run-store.ts";
import { internalToken } from "./testing/parts.ts";
import { connectSupervisor, type TestSupervisor } from "./testing/test-supervisor.ts";

// What a queue service answers to "why does this run not run?" when it is the supervisors.

async function setUp() {
  const store = await startFakeRunStore();
  onTestFinished(() => store[Symbol.asyncDispose]());
  const queue = createQueueService({
    WINDLASS_LISTEN: "127.0.0.1:0",
    WINDLASS_ADVERTISED_ADDRESS: undefined,
    WINDLASS_RUN_STORE_ADDRESS: store.address,
    WINDLASS_INTERNAL_TOKEN: internalToken,
    WINDLASS_LOG_LEVEL: "error",
    WINDLASS_DRAIN_TIMEOUT_MS: 1_000,
    WINDLASS_EXIT_WITH_PARENT: "0",
    OTEL_EXPORTER_OTLP_ENDPOINT: undefined,
    queueServiceId: "queue under test",
  });
  onTestFinished(() => queue.stop());
  await queue.start();
  const channel = createChannel(queue.address, { token: internalToken });
  onTestFinished(() => channel.close());
  const client = createClient(QueueStateService, channel);
  return {
    store,
    connect: (supervisorId: string, credits: number, machines?: readonly string[]): TestSupervisor => {
      const supervisor = connectSupervisor(queue.address, supervisorId, credits, machines);
      onTestFinished(() => supervisor[Symbol.dispose]());
      return supervisor;
    },
    /** Waits until the run is held for this reason. */
    heldBy: async (runId: string, reason: HoldReason): Promise<Hold | undefined> => {
      let hold: Hold | undefined;
      await eventually(async () => {
        ({ hold } = await client.explainRun({ environmentId: "env", runId }));
        expect(hold?.reason).toBe(reason);
      });
      return hold;
    },
  };
}

function eventually(condition: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(condition, { timeout: 5_000, interval: 5 });
}

test("a run whose machine nobody offers is held by NO_MACHINE, blocks nobody, and goes at once when a supervisor with it comes", async () => {
  const { store, connect, heldBy } = await setUp();
  store.setQueue({ concurrencyLimit: 1 });
  store.queue([
    { runId: "large", machine: "large-2x" },
    { runId: "small", machine: "small-1x" },
  ]);
  await heldBy("large", HoldReason.NO_SUPERVISOR);
  const small = connect("small", 10, ["micro", "small-1x"]);
  await eventually(() => expect(small.runIds).toEqual(["small"]));
  store.finish("small");
  const hold = await heldBy("large", HoldReason.NO_MACHINE);
  expect(hold?.message).toBe("It needs machine large-2x, and no supervisor offers that. Offered: micro, small-1x.");
  const large = connect("large", 1, ["large-2x"]);
  await eventually(() => expect(large.runIds).toEqual(["large"]));
  expect(small.runIds).toEqual(["small"]);
});

test("when the only supervisor with a machine goes, runs that need it are held by NO_MACHINE again", async () => {
  const { store, connect, heldBy } = await setUp();
  connect("small", 10, ["small-1x"]);
  const large = connect("large", 0, ["large-1x"]);
  store.queue([{ runId: "a", machine: "large-1x" }]);
  const busy = await heldBy("a", HoldReason.SUPERVISORS_BUSY);
  expect(busy?.message).toContain("All 1 supervisors that offer machine large-1x are busy.");
  large.cancel();
  await heldBy("a", HoldReason.NO_MACHINE);
});

test("a run whose suspended process is at a supervisor is held by BOUND_SUPERVISOR while that one is away, or has no room", async () => {
  const { store, connect, heldBy } = await setUp();
  const other = connect("other", 10);
  store.queue([{ runId: "resumed", supervisorId: "sup_1", machine: "large-1x" }]);
  const hold = await heldBy("resumed", HoldReason.BOUND_SUPERVISOR);
  expect(hold?.message).toContain("sup_1");
  const own = connect("sup_1", 0, ["micro"]);
  await heldBy("resumed", HoldReason.BOUND_SUPERVISOR);
  own.grant(1);
  await eventually(() => expect(own.runIds).toEqual(["resumed"]));
  expect(other.runIds).toEqual([]);
});

test("a run that could go, but whose turn has not come, is held by BEHIND_OTHERS, which says how many are before it", async () => {
  const { store, connect, heldBy } = await setUp();
  const letGo = store.holdAnswers();
  const supervisor = connect("sup", 10);
  store.queue([{ runId: "a" }]);
  await eventually(() => expect(store.heldAnswers).toBe(1));
  store.queue([{ runId: "b" }]);
  await eventually(() => expect(store.heldAnswers).toBe(2));
  // Two claim messages are under way, which is all that there may be.
  store.queue([{ runId: "c" }, { runId: "d" }]);
  const hold = await heldBy("d", HoldReason.BEHIND_OTHERS);
  expect(hold?.message).toBe("Others go first, and it goes when its turn comes. 1 runs of its line go before it.");
  letGo();
  await eventually(() => expect(supervisor.runIds).toEqual(["a", "b", "c", "d"]));
});

test("a supervisor that offers a machine that does not exist is refused", async () => {
  const { connect } = await setUp();
  const ended = await connect("sup", 1, ["small-1x", "huge"]).ended;
  expect(ended).toMatchObject({ reason: ErrorReason.FIELD_INVALID, violations: [{ field: "machines" }] });
});
