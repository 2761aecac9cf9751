import type { Timer } from "@windlass/chassis";
import type { AttemptEnd } from "./exit-policy.ts";
import { createPacking } from "./packing.ts";
import { type Demand, type PlannedWorker, planWorkers, tenureMs } from "./pool-plan.ts";
import { type Capacity, defaultMachine, type Machine } from "./driver/machine.ts";
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
  /** How many attempts can execute at once: those that do, and as many as there are slots and room for besides. */
  readonly slots: number;
  readonly busyCount: number;
  readonly workers: ReadonlySet<Worker>;
  /** Whether `takeIdle` would find one. */
  hasIdle(kind: WorkerKind): boolean;
  /** An idle worker of the kind, while a slot is free and there is room for its machine. */
  takeIdle(kind: WorkerKind): Worker | undefined;
  /** Whether there are a slot and room for the attempt of this worker, which waits, to go on. */
  canContinue(worker: Worker): boolean;
  /** The machine preset that room is reserved for, because an attempt on it could not begin for a while. */
  readonly reservedPreset: string | undefined;
  /** Its attempt waits: its process is stopped, and its slot is free. Of the room it keeps the memory that it has. */
  park(worker: Worker): void;
  /** Its attempt goes on; it must be able to. */
  unpark(worker: Worker): void;
  /** Its attempt is over; it is idle again, or replaced when it is worn. */
  giveBack(worker: Worker): void;
  /** Starts and ends workers as the waiting leases need it. */
  adjust(demands: readonly KindDemand[]): void;
  /** Whether `adjust` has to be asked before a worker that has become idle gets its next attempt: see PoolPlan. */
  readonly isPlaceOwed: boolean;
  /** Whether it will be known soon that a worker of the kind is ready, or cannot be started. */
  isStarting(kind: string): boolean;
  /** How long the last worker took to start; 0 before the first. */
  readonly startMs: number;
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
/** How often the memory of workers that execute something is looked at: what is over it twice is gone within a second. */
const memoryCheckMs = 250;
const bytesPerMb = 1_024 * 1_024;
const unlimited: Capacity = { cpu: undefined, memoryMb: undefined };

/**
 * Keeps `slots` workers and one spare. A worker is of one kind and executes one attempt at a time; it is reused until it is
 * worn, or ends with its attempt if its kind wants that. Suspended ones come on top of these: they have no slot until their
 * attempt goes on. One that executes something and is seen twice in a row with more memory than its machine has is killed.
 * Which workers there should be is `planWorkers`' decision, and which attempts have room is `Packing`'s; when a worker is
 * gone, whoever called learns it by `events` and adjusts.
 */
export function createWorkerPool(options: {
  slots: number;
  /** What their machines may add up to. */
  capacity?: Capacity;
  /** The smallest machine that is offered. */
  smallest?: Machine;
  dependencies: WorkerDependencies;
  events: WorkerEvents;
  metrics: SupervisorMetrics;
}): WorkerPool {
  const { slots, capacity = unlimited, smallest = defaultMachine, dependencies, events, metrics } = options;
  const { clock, logger } = dependencies;
  const workers = new Set<Worker>();
  const packing = createPacking<Worker>(capacity, smallest);
  const failures = new Map<string, { end: AttemptEnd; untilMs: number }>();
  /** Workers that occupy a slot: until their attempt's end, or their own. */
  const taken = new Set<Worker>();
  const servedSince = new Map<string, number>();
  let started = 0;
  let lastUsedKind: WorkerKind | undefined;
  /** The kind of the last attempt of each environment that has workers. */
  const latestKinds = new Map<string, WorkerKind>();
  let wearTimer: Timer | undefined;
  let memoryTimer: Timer | undefined;
  /** Workers that were over their memory at the last look. */
  let suspects = new Set<Worker>();
  let isPlaceOwed = false;
  let startMs = 0;
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
    startMs = nowMs - worker.startedMs;
    worker.tenureEndMs = nowMs + tenureMs(startMs);
    noteServing(worker);
    metrics.workerStart(startMs);
    logger.info("worker ready", { workerId: worker.id, pid: worker.pid, startMs: Math.round(startMs) });
    events.onReady(worker);
  }

  function onGone(worker: Worker, end: WorkerEnd): void {
    workers.delete(worker);
    taken.delete(worker);
    packing.end(worker);
    noteLeaving(worker);
    forgetLatest(worker.kind.environmentId);
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

  function forgetLatest(environmentId: string): void {
    if (![...workers].some(({ kind }) => kind.environmentId === environmentId)) latestKinds.delete(environmentId);
  }

  /** Whether its environment has another version, or other variables, by now. */
  function isSuperseded({ environmentId, bundleHash, variablesRevision }: WorkerKind): boolean {
    const latest = latestKinds.get(environmentId);
    if (latest === undefined) return false;
    return latest.bundleHash !== bundleHash || latest.variablesRevision !== variablesRevision;
  }

  function retireIfWorn(worker: Worker): void {
    const { runs, residentBytes, startedMs, idleSinceMs, kind } = worker;
    const nowMs = clock.monotonicMs();
    const supersededIdleMs = isSuperseded(kind) ? nowMs - idleSinceMs : 0;
    const reason = recycleReason({ runs, residentBytes, ageMs: nowMs - startedMs, supersededIdleMs }, kind.machine);
    if (reason === undefined) return;
    logger.info("worker recycled", { workerId: worker.id, reason, runs, residentBytes });
    retire(worker);
  }

  function isResting(kind: string): boolean {
    const failure = failures.get(kind);
    return failure !== undefined && failure.untilMs > clock.monotonicMs();
  }

  function findIdle({ key, machine }: WorkerKind): Worker | undefined {
    if (taken.size >= slots || !packing.hasRoom(machine)) return undefined;
    for (const worker of workers) if (worker.state === "idle" && worker.kind.key === key) return worker;
    return undefined;
  }

  /** What a stopped process keeps is known a moment after it was stopped; until then it is all that its machine has. */
  async function noteKept(worker: Worker): Promise<void> {
    await worker.measure();
    const { residentBytes, kind } = worker;
    if (residentBytes === undefined || worker.state !== "suspended") return;
    packing.pause(worker, Math.min(kind.machine.memoryMb, Math.ceil(residentBytes / bytesPerMb)));
  }

  /** Sees to room for them; and no more workers are to be started than there is room for. */
  function packable(demands: readonly KindDemand[], resting: ReadonlySet<string>, nowMs: number): KindDemand[] {
    const bounded = demands.map((demand) => {
      const { machine } = demand.workerKind;
      return { ...demand, machine, mostAtOnce: packing.mostAtOnce(machine, slots + 1) };
    });
    packing.reserve(
      bounded.filter(({ kind }) => !resting.has(kind)),
      nowMs,
    );
    return bounded;
  }

  return {
    workers,
    get slots() {
      return taken.size + packing.roomFor(slots - taken.size);
    },
    get busyCount() {
      return taken.size;
    },

    hasIdle: (kind) => findIdle(kind) !== undefined,

    takeIdle(kind) {
      const worker = findIdle(kind);
      if (worker === undefined) return undefined;
      taken.add(worker);
      packing.begin(worker, kind.machine);
      lastUsedKind = worker.kind;
      latestKinds.set(kind.environmentId, worker.kind);
      return worker;
    },

    canContinue: (worker) => taken.size < slots && packing.canContinue(worker, worker.kind.machine),

    get reservedPreset() {
      return packing.reservedPreset;
    },

    park(worker) {
      taken.delete(worker);
      packing.pause(worker, worker.kind.machine.memoryMb);
      worker.suspend();
      if (packing.isLimited) void noteKept(worker);
      noteLeaving(worker);
    },

    unpark(worker) {
      taken.add(worker);
      packing.begin(worker, worker.kind.machine);
      worker.resume();
      noteServing(worker);
    },

    giveBack(worker) {
      taken.delete(worker);
      packing.end(worker);
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
      const plan = planWorkers({
        nowMs,
        slots,
        workers: alive,
        demands: packing.isLimited ? packable(demands, resting, nowMs) : demands,
        lastUsedKind: lastUsedKind?.key,
        resting,
      });
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

    get startMs() {
      return startMs;
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
