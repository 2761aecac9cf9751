import { type Clock, createFakeClock, createServiceClient, type FakeClock } from "@windlass/chassis";
import { DueService, ErrorReason } from "@windlass/proto";
import { CallFailure, fieldInvalid, status } from "@windlass/proto/grpc";
import { expect, onTestFinished, test, vi } from "vitest";
import { createDueLoop } from "./due-loop.ts";
import { dueKey } from "./due-key.ts";
import { type FakeDueStore, startFakeDueStore } from "./testing/fake-due-store.ts";
import { internalToken, silentLogger, untraced } from "./testing/parts.ts";

interface Bench {
  readonly store: FakeDueStore;
  readonly clock: FakeClock;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

async function setUp({ maxTimers = 100_000, wallStepMs = (): number => 0 } = {}): Promise<Bench> {
  const clock = createFakeClock(1_000_000);
  const store = await startFakeDueStore(clock);
  onTestFinished(() => store[Symbol.asyncDispose]());
  const machine: Clock = { ...clock, nowMs: () => clock.nowMs() + wallStepMs() };
  const client = createServiceClient(DueService, { address: store.address, token: internalToken, clock: machine });
  onTestFinished(() => client.close());
  const loop = createDueLoop({ client, clock: machine, logger: silentLogger, telemetry: untraced, maxTimers });
  onTestFinished(() => loop.stop());
  return {
    store,
    clock,
    stop: () => loop.stop(),
    /** Resolves when the loop watches and has listed, hence sleeps until the next listing. */
    start: async () => {
      await loop.start();
      await eventually(() => expect(store.listings).toBe(1));
      await clock.timersPending(1);
    },
  };
}

/** Waits until the condition holds; fails with its own message after 5 s. */
function eventually(condition: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(condition, { timeout: 5_000, interval: 2 });
}

/** Lets time pass in small steps until the condition holds. */
function eventuallyWithTime(clock: FakeClock, condition: () => void): Promise<void> {
  return eventually(async () => {
    await clock.advance(20);
    condition();
  });
}

test("what becomes known fires at its time, not before", async () => {
  const { store, clock, start } = await setUp();
  await start();
  const runIds = store.addRuns(1_000);
  await clock.timersPending(2);
  await clock.advance(999);
  expect(clock.pendingTimers).toBe(2);
  await clock.advance(1);
  await eventually(() => expect(store.applied).toEqual(runIds));
});

test("what came due while nobody watched is applied in its order, in batches of at most 1,000, one after the other", async () => {
  const { store, clock, start } = await setUp();
  const later = store.addRuns(-1_000, 1_500);
  const sooner = store.addRuns(-2_000, 2_000);
  await start();
  await clock.advance(1);
  await eventually(() => expect(store.applied).toHaveLength(3_500));
  expect(new Set(store.applied.slice(0, 2_000))).toEqual(new Set(sooner));
  expect(new Set(store.applied.slice(2_000))).toEqual(new Set(later));
  expect(Math.max(...store.batchSizes)).toBe(1_000);
});

test("one timer of the clock serves all items: the soonest", async () => {
  const { store, clock, start } = await setUp();
  await start();
  const [late] = store.addRuns(5_000);
  await clock.timersPending(2);
  const [soon] = store.addRuns(100);
  // The second notice is in when its timer fires.
  await eventuallyWithTime(clock, () => expect(store.applied).toEqual([soon]));
  await clock.timersPending(2);
  await clock.advance(5_000);
  await eventually(() => expect(store.applied).toEqual([soon, late]));
});

test("what comes due while a call is in flight gathers and is the next batch", async () => {
  const { store, clock, start } = await setUp();
  await start();
  store.addRuns(10);
  await clock.timersPending(2);
  const answer = store.holdApply();
  await clock.advance(10);
  await eventually(() => expect(store.batchSizes).toEqual([1]));
  store.addRuns(0, 3);
  store.addRuns(0, 4);
  // A watch notice that came later proves that the others are in: the loop is quiet, so a timer is set only afterwards.
  answer();
  await eventuallyWithTime(clock, () => expect(store.applied).toHaveLength(8));
  expect(store.batchSizes.length).toBeLessThanOrEqual(3);
});

test("a supervisor that renews is postponed each time, and applied once it does not", async () => {
  const { store, clock, start } = await setUp();
  await start();
  store.addSupervisor("sup", 30_000);
  await clock.timersPending(2);
  for (let renewals = 1; renewals <= 3; renewals += 1) {
    store.renew("sup", 35_000);
    await clock.advance(30_000);
    await eventually(() => expect(store.batchSizes).toHaveLength(renewals));
    await clock.timersPending(2);
    await clock.advance(5_000 - 1);
  }
  expect(store.applied).toEqual([]);
  await clock.advance(1);
  await eventually(() => expect(store.applied).toEqual(["sup"]));
});

test("a lost notice is found by the next listing, within a minute", async () => {
  const { store, clock, start } = await setUp();
  await start();
  const runIds = store.addRuns(1_000, 1, { isLost: true });
  await clock.advance(59_999);
  expect(store.listings).toBe(1);
  await clock.advance(1);
  await eventuallyWithTime(clock, () => expect(store.applied).toEqual(runIds));
});

test("what is due beyond the horizon is armed by a later listing", async () => {
  const { store, clock, start } = await setUp();
  const runIds = store.addRuns(310_000);
  await start();
  expect(clock.pendingTimers).toBe(1);
  await eventually(async () => {
    await clock.advance(10_000);
    expect(store.applied).toEqual(runIds);
  });
  expect(store.batchSizes).toEqual([1]);
});

test("while the run-store refuses, nothing is lost and nothing is done twice", async () => {
  const { store, clock, start } = await setUp();
  const runIds = store.addRuns(-1_000, 5);
  let refusals = 0;
  store.refusal = () => {
    refusals += 1;
    return refusals > 20
      ? undefined
      : new CallFailure({ code: status.INTERNAL, reason: ErrorReason.NOT_READY, message: "no" });
  };
  await start();
  await eventually(async () => {
    await clock.advance(500);
    expect(store.applied.toSorted()).toEqual(runIds);
  });
});

test("when the run-store vanishes in the middle of a call and returns, everything is applied and the watch is open again", async () => {
  const { store, clock, start } = await setUp();
  const before = store.addRuns(-1_000, 3);
  const answer = store.holdApply();
  await start();
  await clock.advance(1);
  await eventually(() => expect(store.batchSizes).toEqual([3]));
  await store.goAway();
  const meanwhile = store.addRuns(-500, 3);
  answer();
  await store.comeBack();
  await eventuallyWithTime(clock, () => expect(store.applied.toSorted()).toEqual([...before, ...meanwhile]));
  await eventuallyWithTime(clock, () => expect(store.watches).toBe(1));
  const afterwards = store.addRuns(500);
  await eventuallyWithTime(clock, () => expect(store.applied.at(-1)).toBe(afterwards[0]));
  expect(store.applied).toHaveLength(7);
});

test("an item that the run-store cannot apply holds up nobody, and is tried again a minute later", async () => {
  const { store, clock, start } = await setUp();
  const runIds = store.addRuns(-1_000, 40);
  const poison = runIds[7] ?? "";
  let isCured = false;
  store.refusal = (items) => {
    const isPoisoned = items.some((item) => dueKey(item) === `run/env/${poison}`);
    return isPoisoned && !isCured
      ? fieldInvalid({ field: "items", description: "is refused by the test." })
      : undefined;
  };
  await start();
  await eventuallyWithTime(clock, () => expect(store.applied).toHaveLength(39));
  isCured = true;
  await clock.advance(50_000);
  expect(store.applied).not.toContain(poison);
  await clock.advance(11_000);
  await eventuallyWithTime(clock, () => expect(store.applied).toContain(poison));
});

test("a token's timeout fires as a run's moment does, and two environments' tokens of one id are two", async () => {
  const { store, clock, start } = await setUp();
  store.addToken("env_a", "token_1", 500);
  await start();
  store.addToken("env_b", "token_1", 200);
  await eventuallyWithTime(clock, () => expect(store.applied).toEqual(["env_b/token_1", "env_a/token_1"]));
});

test("a schedule ticks at each of its moments: the answer to one arms the next", async () => {
  const { store, clock, start } = await setUp();
  await start();
  store.addSchedule("sched_1", 500, 1_000);
  await clock.timersPending(2);
  for (const ticks of [0, 1, 2, 3]) {
    await eventuallyWithTime(clock, () => expect(store.applied.length).toBeGreaterThanOrEqual(ticks));
    expect(store.applied).toEqual(Array.from({ length: ticks }, () => "sched_1"));
    await clock.advance(300);
  }
});

test("a run's start and its expiry are two moments", async () => {
  const { store, clock, start } = await setUp();
  const [runId = ""] = store.addRuns(200);
  store.addExpiry(runId, 400);
  await start();
  await eventuallyWithTime(clock, () => expect(store.applied).toEqual([runId, `${runId} expires`]));
});

test("after a downtime everything overdue, of whatever kind, is applied in the order of its moments", async () => {
  const { store, clock, start } = await setUp();
  store.addExpiry("run_late", -1_000);
  store.addSchedule("sched_1", -3_000, 60_000);
  store.addToken("env", "token_1", -2_000);
  const [runId = ""] = store.addRuns(-4_000);
  store.addSupervisor("sup_1", -5_000);
  await start();
  await eventuallyWithTime(clock, () =>
    expect(store.applied).toEqual(["sup_1", runId, "sched_1", "env/token_1", "run_late expires"]),
  );
});

test.each([-600_000, 600_000])(
  "a step of the machine's clock by %i ms makes nothing early and nothing late",
  async (step) => {
    let wallStepMs = 0;
    const { store, clock, start } = await setUp({ wallStepMs: () => wallStepMs });
    const [before = ""] = store.addRuns(1_000);
    const [after = ""] = store.addRuns(2_000);
    await start();
    await clock.timersPending(2);
    wallStepMs = step;
    await clock.advance(900);
    expect(store.applied).toEqual([]);
    await clock.advance(100);
    await eventually(() => expect(store.applied).toEqual([before]));
    await eventually(() => expect(clock.pendingTimers).toBe(2));
    await clock.advance(900);
    expect(store.applied).toEqual([before]);
    await clock.advance(100);
    await eventually(() => expect(store.applied).toEqual([before, after]));
  },
);

test("of more timers than memory may hold the soonest are kept, and the others listed in time", async () => {
  const { store, clock, start } = await setUp({ maxTimers: 100 });
  const runIds: string[] = [];
  for (let dueInMs = 10; dueInMs <= 6_000; dueInMs += 10) runIds.push(...store.addRuns(dueInMs));
  await start();
  await eventuallyWithTime(clock, () => expect(store.applied).toHaveLength(600));
  expect(store.applied).toEqual(runIds);
  expect(store.listings).toBeGreaterThan(1);
});

test("stopping leaves no timer, whatever the loop is waiting for", async () => {
  const idle = await setUp();
  idle.store.addRuns(10_000);
  await idle.start();
  await idle.stop();
  expect(idle.clock.pendingTimers).toBe(0);
  const refused = await setUp();
  refused.store.addRuns(-1);
  refused.store.refusal = () => fieldInvalid({ field: "items", description: "is refused by the test." });
  await refused.start();
  await refused.clock.advance(1);
  await refused.stop();
  expect(refused.clock.pendingTimers).toBe(0);
  const unanswered = await setUp();
  unanswered.store.addRuns(-1);
  const answer = unanswered.store.holdApply();
  await unanswered.start();
  await unanswered.clock.advance(1);
  await eventually(() => expect(unanswered.store.batchSizes).toEqual([1]));
  await unanswered.stop();
  expect(unanswered.clock.pendingTimers).toBe(0);
  answer();
});
