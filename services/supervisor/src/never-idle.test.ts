import { createFakeClock } from "@windlass/chassis";
import { AttemptOutcome, type FinishAttempt, type Lease } from "@windlass/proto";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { createExecutor, type Executor } from "./executor.ts";
import { createReportBuffer } from "./report-buffer.ts";
import { createSupervisorMetrics } from "./supervisor-metrics.ts";
import { createFakeWorkers, type FakeWorker } from "./testing/fake-workers.ts";
import { tokenOf } from "./testing/follow-lease.ts";
import { makeLease } from "./testing/make-lease.ts";
import { testLogger, testTelemetry } from "./testing/start-peer.ts";
import { createWorkerPool, type WorkerPool } from "./worker-pool.ts";

const slots = 2;

type Command =
  | { readonly does: "lease"; readonly version: number; readonly fresh: boolean }
  | { readonly does: "hello" | "finish" | "discard" | "crash"; readonly nth: number }
  | { readonly does: "pass"; readonly ms: number };

const commands = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ does: fc.constant("lease" as const), version: fc.nat(2), fresh: fc.boolean() }),
    },
    { weight: 3, arbitrary: fc.record({ does: fc.constant("hello" as const), nth: fc.nat(9) }) },
    { weight: 4, arbitrary: fc.record({ does: fc.constant("finish" as const), nth: fc.nat(9) }) },
    {
      weight: 1,
      arbitrary: fc.record({ does: fc.constantFrom("discard" as const, "crash" as const), nth: fc.nat(9) }),
    },
    { weight: 2, arbitrary: fc.record({ does: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 400 }) }) },
  ),
  { minLength: 1, maxLength: 40 },
);

/** A supervisor's executor and pool over workers in memory, and what has become of its leases. */
function createScene() {
  const clock = createFakeClock(1_000);
  const { dependencies, workers } = createFakeWorkers(clock);
  const buffer = createReportBuffer(clock);
  const waiting = new Map<string, Lease>();
  const ended = new Map<string, FinishAttempt>();
  const settle = (token: string) => {
    waiting.delete(token);
    queueMicrotask(() => executor.settled({ leaseToken: token } as FinishAttempt["ref"] & object));
  };
  let pool: WorkerPool | undefined;
  const executor: Executor = createExecutor({
    createPool: (events) => {
      const metrics = createSupervisorMetrics(testTelemetry);
      return (pool = createWorkerPool({ slots, dependencies, events, metrics }));
    },
    reports: {
      isCongested: false,
      open: (ref) => buffer.open(ref),
      recorder: () => () => {},
      finish(entry, finish) {
        ended.set(entry.ref.leaseToken, finish);
        settle(entry.ref.leaseToken);
      },
      release: (entry) => settle(entry.ref.leaseToken),
      describe() {},
      suspend() {},
      resume() {},
      succeed: (_entry, ref) => buffer.open(ref),
      forget() {},
      flushHeld() {},
    },
    supervisorId: () => "sup_test",
    onCapacity() {},
    cancelLimitMs: 1_000,
    wakeUps: { watch: () => () => {} },
    maxSuspended: 1,
    metrics: createSupervisorMetrics(testTelemetry),
    telemetry: testTelemetry,
    clock,
    logger: testLogger,
  });

  const begun = (worker: FakeWorker) => worker.attempt !== undefined;
  const pick = (nth: number, from: readonly FakeWorker[]) => from[nth % Math.max(1, from.length)];
  const alive = () => workers.filter(({ isGone }) => !isGone);

  async function act(command: Command): Promise<void> {
    switch (command.does) {
      case "lease": {
        const bundleHash = String(command.version).repeat(64);
        const lease = makeLease({ bundleHash, needsFreshProcess: command.fresh });
        waiting.set(tokenOf(lease), lease);
        executor.accept([lease]);
        break;
      }
      case "hello":
        pick(
          command.nth,
          alive().filter(({ hasSaidHello }) => !hasSaidHello),
        )?.sayHello();
        break;
      case "finish":
      case "discard":
        pick(command.nth, alive().filter(begun))?.finish(command.does === "discard");
        break;
      case "crash":
        pick(command.nth, alive())?.crash();
        break;
      case "pass":
        await clock.advance(command.ms);
    }
    // What was said is heard, and answered, within a few turns of the event loop.
    for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    for (const { attempt } of workers) if (attempt !== undefined) dropByRun(attempt.runId);
  }

  function dropByRun(runId: string): void {
    for (const [token, lease] of waiting) if (lease.run?.id === runId) waiting.delete(token);
  }

  return {
    act,
    ended,
    waiting,
    /** Kinds of which a worker is idle while a lease of it waits and a slot is free. */
    idlers(): string[] {
      if (pool === undefined || pool.busyCount >= slots) return [];
      const wanted = [...waiting.values()].map(kindOf);
      return [...pool.workers]
        .filter(({ state }) => state === "idle")
        .map(({ kind: { bundleHash, isFresh } }) => `${bundleHash} ${isFresh}`)
        .filter((kind) => wanted.includes(kind));
    },
    busyCount: () => pool?.busyCount ?? 0,
    async close(): Promise<void> {
      await executor.stop();
    },
  };
}

const kindOf = ({ bundleHash, needsFreshProcess }: Lease) => `${bundleHash} ${needsFreshProcess}`;

it("a lease is executed by the worker that was started for it, and the next by the same one", async () => {
  const scene = createScene();
  for (const does of ["lease", "hello", "finish", "lease", "finish"] as const) {
    await scene.act(does === "lease" ? { does, version: 1, fresh: false } : { does, nth: 0 });
  }
  expect([...scene.ended.values()].map(({ outcome }) => outcome)).toEqual([
    AttemptOutcome.SUCCEEDED,
    AttemptOutcome.SUCCEEDED,
  ]);
  await scene.close();
});

it("whatever comes, ends and dies: no worker is idle while a lease of its kind waits and a slot is free, and every lease ends", async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (steps) => {
      const scene = createScene();
      try {
        for (const step of steps) {
          await scene.act(step);
          expect(scene.idlers()).toEqual([]);
          expect(scene.busyCount()).toBeLessThanOrEqual(slots);
        }
        for (let round = 0; round < 200 && scene.waiting.size > 0; round += 1) {
          await scene.act({ does: "hello", nth: 0 });
          await scene.act({ does: "finish", nth: 0 });
          await scene.act({ does: "pass", ms: 50 });
          expect(scene.idlers()).toEqual([]);
        }
        expect(scene.waiting.size).toBe(0);
      } finally {
        await scene.close();
      }
    }),
    { numRuns: 60 },
  );
});
