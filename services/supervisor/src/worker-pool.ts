import type { Timer } from "@windlass/chassis";
import type { AttemptEnd } from "./exit-policy.ts";
import { type Demand, type PlannedWorker, planWorkers, tenureMs } from "./pool-plan.ts";
import { isOverMemory, recycleReason } from "./recycle-policy.ts";
import type { SupervisorMetrics } from "./supervisor-metrics.ts";
import type { WorkerKind } from "./worker-kind.ts";
import { Worker, type WorkerDependencies, type WorkerEnd, type WorkerEvents } from "./worker.ts";

/** Leases that wait for a worker of one kind. */
export interface KindDemand extends Demand {
  readonly workerKind: WorkerKind;
}

/** The worker processes of this machine: which there are, and which of them can take an attempt. */
export interface WorkerPool {
  /** How many attempts may execute at once. */
  readonly slots: number;
  readonly busyCount: number;
  readonly workers: ReadonlySet<Worker>;
  readonly hasFreeSlot: boolean;
  /** Whether `takeIdle` would find one. */
  hasIdle(kind: string): boolean;
  /** An idle worker of the kind (WorkerKind.key), while a slot is free. */
  takeIdle(kind: string): Worker | undefined;
  /** Its attempt waits: its process is stopped, and its slot is free. */
  park(worker: Worker): void;
  /** Its attempt goes on, in a slot that must be free. */
  unpark(worker: Worker): void;
  /** Its attempt is over; it is idle again, or replaced when it is worn. */
  giveBack(worker: Worker): void;
  /** Starts and ends workers as the waiting leases need it. */
  adjust(demands: readonly KindDemand[]): void;
  /** Whether `adjust` has to be asked before a worker that has become idle gets its next attempt: see PoolPlan. */
  readonly isPlaceOwed: boolean;
  /** Whether it will be known soon that a worker of the kind is ready, or cannot be started. */
  isStarting(kind: string): boolean;
  /** The kinds that have ready workers, and since when, by the monotonic clock. */
  readonly servedSince: ReadonlyMap<string, number>;
  /**
   * Why workers of the kind could not be started a moment ago, when there is none that could execute anything; its leases
   * get the same answer at once.
   */
  recentFailure(kind: string): AttemptEnd | undefined;
  /** Ends every worker, the idle ones by asking; resolves when no process is left. Starts none from now on. */
  stop(): Promise<void>;
}

/** After a failed start of a kind no other is tried for this long. */
const restMs = 5_000;
/** How often age and memory of workers are looked at. */
const wearCheckMs = 10_000;
/** How often the memory of workers that execute something is looked at. */
const memoryCheckMs = 1_000;

/**
 * Keeps `slots` workers and one spare. A worker is of one kind and executes one attempt at a time; it is reused until it is
 * worn. Suspended ones come on top of these: they have no slot until their attempt goes on. One that executes something and
 * is seen twice, a second apart, with more memory than its machine has is killed. Which workers there should be is `planWorkers`' decision; when one is gone, whoever called learns it by
 * `events` and adjusts.
 */
export function createWorkerPool(options: {
  slots: number;
  dependencies: WorkerDependencies;
  events: WorkerEvents;
  metrics: SupervisorMetrics;
}): WorkerPool {
  const { slots, dependencies, events, metrics } = options;
  const { clock, logger } = dependencies;
  const workers = new Set<Worker>();
  const failures = new Map<string, { end: AttemptEnd; untilMs: number }>();
  /** Workers that occupy a slot: until their attempt's end, or their own. */
  const taken = new Set<Worker>();
  const servedSince = new Map<string, number>();
  let started = 0;
  let lastUsedKind: WorkerKind | undefined;
  let wearTimer: Timer | undefined;
  let memoryTimer: Timer | undefined;
  /** Workers that were over their memory at the last look. */
  let suspects = new Set<Worker>();
  let isPlaceOwed = false;
  let isStopped = false;

  function start(kind: WorkerKind): void {
    started += 1;
    const id = `worker-${started}`;
    logger.debug("worker starting", { workerId: id, kind: kind.key });
    workers.add(new Worker({ id, kind }, dependencies, { ...events, onReady, onGone }));
    memoryTimer ??= clock.setTimeout(checkMemory, memoryCheckMs).unref();
    wearTimer ??= clock.setTimeout(checkWear, wearCheckMs).unref();
  }

  function onReady(worker: Worker): void {
    failures.delete(worker.kind.key);
    const nowMs = clock.monotonicMs();
    const startMs = nowMs - worker.startedMs;
    worker.tenureEndMs = nowMs + tenureMs(startMs);
    noteServing(worker);
    metrics.workerStart(startMs);
    logger.info("worker ready", { workerId: worker.id, pid: worker.pid, startMs: Math.round(startMs) });
    events.onReady(worker);
  }

  function onGone(worker: Worker, end: WorkerEnd): void {
    workers.delete(worker);
    taken.delete(worker);
    noteLeaving(worker);
    if (end.startFailure !== undefined) {
      const { key } = worker.kind;
      failures.set(key, { end: end.startFailure, untilMs: clock.monotonicMs() + restMs });
      const { message } = end.startFailure.error;
      logger.warn("worker did not start", { workerId: worker.id, kind: key, message, output: end.exit?.output });
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
    for (const kind of failures.keys()) if (!isResting(kind)) failures.delete(kind);
  }

  function checkMemory(): void {
    memoryTimer = workers.size === 0 ? undefined : clock.setTimeout(checkMemory, memoryCheckMs).unref();
    const before = suspects;
    suspects = new Set();
    for (const worker of workers) if (worker.state === "busy") void lookAtMemory(worker, before.has(worker));
  }

  async function lookAtMemory(worker: Worker, wasOver: boolean): Promise<void> {
    await worker.measure();
    const { residentBytes } = worker;
    if (worker.state !== "busy" || residentBytes === undefined) return;
    if (!isOverMemory(residentBytes, worker.kind.machine)) return;
    suspects.add(worker);
    if (!wasOver) return;
    logger.warn("worker killed for its memory", { workerId: worker.id, residentBytes, machine: worker.kind.machine });
    worker.killForMemory(residentBytes);
  }

  function noteServing({ kind }: Worker): void {
    if (!servedSince.has(kind.key)) servedSince.set(kind.key, clock.monotonicMs());
  }

  /** It takes no more attempts, or is gone. */
  function noteLeaving({ kind }: Worker): void {
    const serves = (worker: Worker) =>
      worker.kind.key === kind.key && (worker.state === "idle" || worker.state === "busy");
    if (![...workers].some(serves)) servedSince.delete(kind.key);
  }

  function retire(worker: Worker): void {
    worker.retire();
    noteLeaving(worker);
  }

  function retireIfWorn(worker: Worker): void {
    const { runs, residentBytes, startedMs } = worker;
    const reason = recycleReason({ runs, residentBytes, ageMs: clock.monotonicMs() - startedMs }, worker.kind.machine);
    if (reason === undefined) return;
    logger.info("worker recycled", { workerId: worker.id, reason, runs, residentBytes });
    retire(worker);
  }

  function isResting(kind: string): boolean {
    const failure = failures.get(kind);
    return failure !== undefined && failure.untilMs > clock.monotonicMs();
  }

  function findIdle(kind: string): Worker | undefined {
    if (taken.size >= slots) return undefined;
    for (const worker of workers) if (worker.state === "idle" && worker.kind.key === kind) return worker;
    return undefined;
  }

  return {
    slots,
    workers,
    get busyCount() {
      return taken.size;
    },

    get hasFreeSlot() {
      return taken.size < slots;
    },

    hasIdle: (kind) => findIdle(kind) !== undefined,

    takeIdle(kind) {
      const worker = findIdle(kind);
      if (worker === undefined) return undefined;
      taken.add(worker);
      lastUsedKind = worker.kind;
      return worker;
    },

    park(worker) {
      taken.delete(worker);
      worker.suspend();
      noteLeaving(worker);
    },

    unpark(worker) {
      taken.add(worker);
      worker.resume();
      noteServing(worker);
    },

    giveBack(worker) {
      taken.delete(worker);
      worker.rest();
      if (worker.state === "idle") retireIfWorn(worker);
    },

    adjust(demands) {
      if (isStopped) return;
      const alive: PlannedWorker[] = [];
      const kinds = new Map(demands.map(({ workerKind }) => [workerKind.key, workerKind]));
      if (lastUsedKind !== undefined) kinds.set(lastUsedKind.key, lastUsedKind);
      for (const worker of workers) {
        const { id, kind, idleSinceMs, tenureEndMs, state } = worker;
        if (state === "ending" || state === "suspended") continue;
        alive.push({ id, kind: kind.key, idleSinceMs, tenureEndMs, state });
      }
      const resting = new Set([...failures.keys()].filter(isResting));
      const nowMs = clock.monotonicMs();
      const plan = planWorkers({ nowMs, slots, workers: alive, demands, lastUsedKind: lastUsedKind?.key, resting });
      isPlaceOwed = plan.isPlaceOwed;
      for (const worker of workers) if (plan.stop.includes(worker.id)) retire(worker);
      for (const key of plan.start) {
        const kind = kinds.get(key);
        if (kind !== undefined) start(kind);
      }
    },

    get isPlaceOwed() {
      return isPlaceOwed;
    },

    servedSince,

    isStarting: (kind) => [...workers].some((worker) => !worker.wasReady && worker.kind.key === kind),

    recentFailure(kind) {
      if (!isResting(kind)) return undefined;
      const canServe = ({ state }: Worker) => state !== "ending" && state !== "suspended";
      const isServed = [...workers].some((worker) => canServe(worker) && worker.kind.key === kind);
      return isServed ? undefined : failures.get(kind)?.end;
    },

    async stop() {
      isStopped = true;
      wearTimer?.cancel();
      memoryTimer?.cancel();
      for (const worker of workers) {
        if (worker.state === "idle") worker.retire();
        else if (worker.state !== "ending") worker.kill();
      }
      await Promise.all([...workers].map((worker) => worker.gone));
    },
  };
}
