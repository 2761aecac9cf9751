import type { Timer } from "@windlass/chassis";
import { defaultMachine, type Machine } from "./driver/machine.ts";
import type { AttemptEnd } from "./exit-policy.ts";
import { type Demand, type PlannedWorker, planWorkers } from "./pool-plan.ts";
import { recycleReason } from "./recycle-policy.ts";
import type { SupervisorMetrics } from "./supervisor-metrics.ts";
import { Worker, type WorkerDependencies, type WorkerEnd, type WorkerEvents } from "./worker.ts";

/** The worker processes of this machine: which there are, and which of them can take an attempt. */
export interface WorkerPool {
  /** How many attempts may execute at once. */
  readonly slots: number;
  readonly busyCount: number;
  readonly workers: ReadonlySet<Worker>;
  /** Whether `takeIdle` would find one. */
  hasIdle(bundleHash: string): boolean;
  /** An idle worker of the bundle, while a slot is free. */
  takeIdle(bundleHash: string): Worker | undefined;
  /** Its attempt is over; it is idle again, or replaced when it is worn. */
  giveBack(worker: Worker): void;
  /** Starts and ends workers as the waiting leases need it. */
  adjust(demands: readonly Demand[]): void;
  /** Whether it will be known soon that a worker of the bundle is ready, or cannot be started. */
  isStarting(bundleHash: string): boolean;
  /**
   * Why workers of the bundle could not be started a moment ago, when there is none that could execute anything; its leases
   * get the same answer at once.
   */
  recentFailure(bundleHash: string): AttemptEnd | undefined;
  /** Ends every worker, the idle ones by asking; resolves when no process is left. Starts none from now on. */
  stop(): Promise<void>;
}

/** After a failed start of a version no other is tried for this long. */
const restMs = 5_000;
/** How often age and memory of workers are looked at. */
const wearCheckMs = 10_000;

/**
 * Keeps `slots` workers and one spare. A worker belongs to one version and executes one attempt at a time; it is reused
 * until it is worn. Which workers there should be is `planWorkers`' decision; when one is gone, whoever called learns it by
 * `events` and adjusts.
 */
export function createWorkerPool(options: {
  slots: number;
  machine?: Machine;
  dependencies: WorkerDependencies;
  events: WorkerEvents;
  metrics: SupervisorMetrics;
}): WorkerPool {
  const { slots, machine = defaultMachine, dependencies, events, metrics } = options;
  const { clock, logger } = dependencies;
  const workers = new Set<Worker>();
  const failures = new Map<string, { end: AttemptEnd; untilMs: number }>();
  /** Workers that occupy a slot: until their attempt's end, or their own. */
  const taken = new Set<Worker>();
  /** Of these, those that are to end with their attempt, to make room for a version that has no worker. */
  const leaving = new Set<Worker>();
  let started = 0;
  let lastUsedBundle: string | undefined;
  let wearTimer: Timer | undefined;
  let isStopped = false;

  function start(bundleHash: string): void {
    started += 1;
    const id = `worker-${started}`;
    logger.debug("worker starting", { workerId: id, bundleHash });
    workers.add(new Worker({ id, bundleHash, machine }, dependencies, { ...events, onReady, onGone }));
    wearTimer ??= clock.setTimeout(checkWear, wearCheckMs).unref();
  }

  function onReady(worker: Worker): void {
    failures.delete(worker.bundleHash);
    const startMs = clock.monotonicMs() - worker.startedMs;
    metrics.workerStart(startMs);
    logger.info("worker ready", { workerId: worker.id, pid: worker.pid, startMs: Math.round(startMs) });
    events.onReady(worker);
  }

  function onGone(worker: Worker, end: WorkerEnd): void {
    workers.delete(worker);
    taken.delete(worker);
    leaving.delete(worker);
    if (end.startFailure !== undefined) {
      const { bundleHash } = worker;
      failures.set(bundleHash, { end: end.startFailure, untilMs: clock.monotonicMs() + restMs });
      const { message } = end.startFailure.error;
      logger.warn("worker did not start", { workerId: worker.id, bundleHash, message, output: end.exit?.output });
    } else {
      const { exitCode, signal, wasKilled } = end.exit ?? {};
      logger.info("worker gone", { workerId: worker.id, runs: worker.runs, exitCode, signal, wasKilled });
    }
    events.onGone(worker, end);
  }

  function checkWear(): void {
    wearTimer = workers.size === 0 ? undefined : clock.setTimeout(checkWear, wearCheckMs).unref();
    for (const worker of workers) {
      void worker.measure().then(() => {
        if (worker.state === "idle") retireIfWorn(worker);
      });
    }
    for (const bundleHash of failures.keys()) if (!isResting(bundleHash)) failures.delete(bundleHash);
  }

  function retireIfWorn(worker: Worker): void {
    const { runs, residentBytes, startedMs } = worker;
    const reason = recycleReason({ runs, residentBytes, ageMs: clock.monotonicMs() - startedMs }, worker.machine);
    if (reason === undefined) return;
    logger.info("worker recycled", { workerId: worker.id, reason, runs, residentBytes });
    worker.retire();
  }

  function isResting(bundleHash: string): boolean {
    const failure = failures.get(bundleHash);
    return failure !== undefined && failure.untilMs > clock.monotonicMs();
  }

  function findIdle(bundleHash: string): Worker | undefined {
    if (taken.size >= slots) return undefined;
    for (const worker of workers) if (worker.state === "idle" && worker.bundleHash === bundleHash) return worker;
    return undefined;
  }

  return {
    slots,
    workers,
    get busyCount() {
      return taken.size;
    },

    hasIdle: (bundleHash) => findIdle(bundleHash) !== undefined,

    takeIdle(bundleHash) {
      const worker = findIdle(bundleHash);
      if (worker === undefined) return undefined;
      taken.add(worker);
      lastUsedBundle = bundleHash;
      return worker;
    },

    giveBack(worker) {
      taken.delete(worker);
      worker.rest();
      if (leaving.delete(worker)) worker.retire();
      else if (worker.state === "idle") retireIfWorn(worker);
    },

    adjust(demands) {
      if (isStopped) return;
      const alive: PlannedWorker[] = [];
      for (const worker of workers) {
        const { id, bundleHash, idleSinceMs, state } = worker;
        if (state !== "ending")
          alive.push({ id, bundleHash, idleSinceMs, state: leaving.has(worker) ? "leaving" : state });
      }
      const resting = new Set([...failures.keys()].filter(isResting));
      const plan = planWorkers({ slots, workers: alive, demands, lastUsedBundle, resting });
      for (const worker of workers) {
        if (!plan.stop.includes(worker.id)) continue;
        if (taken.has(worker)) leaving.add(worker);
        else worker.retire();
      }
      for (const bundleHash of plan.start) start(bundleHash);
    },

    isStarting: (bundleHash) => [...workers].some((worker) => !worker.wasReady && worker.bundleHash === bundleHash),

    recentFailure(bundleHash) {
      if (!isResting(bundleHash)) return undefined;
      const isServed = [...workers].some((worker) => worker.state !== "ending" && worker.bundleHash === bundleHash);
      return isServed ? undefined : failures.get(bundleHash)?.end;
    },

    async stop() {
      isStopped = true;
      wearTimer?.cancel();
      for (const worker of workers) {
        if (worker.state === "idle") worker.retire();
        else if (worker.state !== "ending") worker.kill();
      }
      await Promise.all([...workers].map((worker) => worker.gone));
    },
  };
}
