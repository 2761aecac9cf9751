import { createFakeClock } from "@windlass/chassis";
import type { FinishAttempt, Lease } from "@windlass/proto";
import { createExecutor, type Executor } from "../executor.ts";
import { createReportBuffer } from "../report-buffer.ts";
import { createSupervisorMetrics } from "../supervisor-metrics.ts";
import { createWorkerPool, type WorkerPool } from "../worker-pool.ts";
import { createFakeWorkers, type FakeWorker } from "./fake-workers.ts";
import { tokenOf } from "./follow-lease.ts";
import { makeLease } from "./make-lease.ts";
import { testLogger, testTelemetry } from "./start-peer.ts";

/** How many attempts a scene's supervisor executes at once. */
export const slots = 2;

/** What happens in a scene. */
export type Command =
  | { readonly does: "lease"; readonly version: number; readonly fresh: boolean }
  | { readonly does: "hello" | "finish" | "discard" | "crash"; readonly nth: number }
  | { readonly does: "pass"; readonly ms: number };

/** A supervisor's executor and pool over workers in memory, and what has become of its leases. */
export function createScene() {
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
    /** How many leases it wants to hold. */
    wantedLeases: () => executor.capacity().wanted,
    async close(): Promise<void> {
      await executor.stop();
    },
  };
}

const kindOf = ({ bundleHash, needsFreshProcess }: Lease) => `${bundleHash} ${needsFreshProcess}`;
