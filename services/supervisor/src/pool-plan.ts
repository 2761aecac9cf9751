/** What the plan sees of a worker. */
export interface PlannedWorker {
  readonly id: string;
  /** Its WorkerKind's key; so everywhere here. */
  readonly kind: string;
  readonly state: "starting" | "idle" | "busy";
  /** When it last became idle. All times are of the monotonic clock. */
  readonly idleSinceMs: number;
  /** Until then it stays with its kind for as long as there is work for it. */
  readonly tenureEndMs: number;
}

/** Leases that wait for a worker of one kind. */
export interface Demand {
  readonly kind: string;
  readonly waiting: number;
  /** How long the oldest of them has waited. */
  readonly oldestWaitMs: number;
  /** More than so many at once have no room on this machine. Absent: as many as there are slots. */
  readonly mostAtOnce?: number;
}

export interface PoolView {
  readonly nowMs: number;
  /** How many attempts may execute at once; one more process is kept as a spare. */
  readonly slots: number;
  /** Workers that are neither ending nor suspended. */
  readonly workers: readonly PlannedWorker[];
  readonly demands: readonly Demand[];
  /** Of the attempt that was started last: the spare is of this kind. */
  readonly lastUsedKind: string | undefined;
  /** Kinds whose last start failed a moment ago. */
  readonly resting: ReadonlySet<string>;
}

export interface PoolPlan {
  /** The kind of each worker to start. */
  readonly start: readonly string[];
  /** Idle workers to end. */
  readonly stop: readonly string[];
  /** A kind without any worker waits for a place: plan again when an attempt ends, before its worker gets the next. */
  readonly isPlaceOwed: boolean;
}

/** How long a kind without any worker waits before it takes one from a kind that still has work for it. */
const takeOverAfterMs = 100;
/** How long nobody must have needed a worker before a kind that has one already may grow at its cost. */
const unneededAfterMs = 500;
const minTenureMs = 500;
/** So that starting processes takes no more than about a fifth of a worker's time, however slow the machine is. */
const tenurePerStart = 4;

/** How long a worker whose start took `startMs` stays with its kind, while there is work for it, before another kind may have its place. */
export function tenureMs(startMs: number): number {
  return Math.max(minTenureMs, tenurePerStart * startMs);
}

/**
 * Which workers to start and to end, so that every waiting lease finds a worker of its kind: the longest waiting kind first;
 * idle workers of kinds nobody waits for make room, the longest idle first: at once for a kind that has no worker, else only
 * when they have been idle for a while, for kinds whose work comes in turns would otherwise start each other's processes
 * over and over. A worker that finds no slot for so long, though there is work for it, makes room for a kind with fewer, so
 * that a long run at the only worker of a kind does not keep the others of it waiting. A kind that has no worker takes one
 * even from a kind with work, the one with the most workers, when that worker's tenure is over, if need be at the end of its
 * attempt. What is left goes to one spare of the kind used last, so that an attempt which uses up its process does not cost
 * the next one a start. When suspended workers have come back, so that there are more than there should be, idle ones end.
 */
export function planWorkers(view: PoolView): PoolPlan {
  const { nowMs } = view;
  const limit = view.slots + 1;
  const counts = countByKind(view.workers);
  const countOf = (kind: string) => counts.get(kind) ?? { alive: 0, free: 0 };
  const start: string[] = [];
  const stop: string[] = [];
  let isPlaceOwed = false;
  let total = view.workers.length;

  const begin = (kind: string) => {
    start.push(kind);
    total += 1;
  };
  /** Ends the first of these that has not been ended yet. */
  const makeRoom = (candidates: readonly PlannedWorker[]): boolean => {
    const victim = candidates.find(({ id }) => !stop.includes(id));
    if (victim === undefined) return false;
    stop.push(victim.id);
    total -= 1;
    return true;
  };

  const demands = view.demands.filter(({ kind }) => !view.resting.has(kind)).toSorted(byWait);
  const wanted = new Set(view.demands.map(({ kind }) => kind));
  const idle = view.workers.filter(({ state }) => state === "idle").toSorted(byIdleTime);
  const unwanted = idle.filter(({ kind }) => !wanted.has(kind));
  const rested = idle.filter(({ idleSinceMs }) => nowMs - idleSinceMs >= unneededAfterMs);
  const unneeded = rested.filter(({ kind }) => !wanted.has(kind));
  const leftOf = (kind: string) =>
    countOf(kind).alive - view.workers.filter((worker) => worker.kind === kind && stop.includes(worker.id)).length;
  /** Those of kinds with work that find no slot, and of which there are more even when a kind with `own` workers has one more. */
  const slotlessBeside = (own: number) => rested.filter(({ kind }) => wanted.has(kind) && leftOf(kind) > own + 1);
  const free = idle
    .filter(({ tenureEndMs }) => nowMs >= tenureEndMs)
    .toSorted((left, right) => countOf(right.kind).alive - countOf(left.kind).alive);
  for (let surplus = total - limit; surplus > 0; surplus -= 1) {
    if (!makeRoom(unwanted) && !makeRoom(idle)) break;
  }
  for (const { kind, waiting, oldestWaitMs, mostAtOnce = limit } of demands) {
    const { alive, free: ready } = countOf(kind);
    const missing = Math.min(waiting - ready, Math.min(limit, mostAtOnce) - alive);
    for (let nth = 0; nth < missing; nth += 1) {
      const isFirst = alive === 0 && nth === 0;
      const makePlace = () =>
        isFirst ? makeRoom(unwanted) : makeRoom(unneeded) || makeRoom(slotlessBeside(alive + nth));
      if (total < limit || makePlace()) {
        begin(kind);
        continue;
      }
      if (isFirst && oldestWaitMs >= takeOverAfterMs) {
        if (makeRoom(free)) begin(kind);
        else isPlaceOwed = true;
      }
      break;
    }
  }

  const spare = view.lastUsedKind;
  if (spare !== undefined && total < limit && !view.resting.has(spare) && !start.includes(spare)) {
    const { alive, free: ready } = countOf(spare);
    if (ready === 0 || alive < 2) begin(spare);
  }
  return { start, stop, isPlaceOwed };
}

interface KindCount {
  alive: number;
  /** Idle, or about to be. */
  free: number;
}

function countByKind(workers: readonly PlannedWorker[]): Map<string, KindCount> {
  const counts = new Map<string, KindCount>();
  for (const { kind, state } of workers) {
    const count = counts.get(kind) ?? { alive: 0, free: 0 };
    count.alive += 1;
    if (state === "idle" || state === "starting") count.free += 1;
    counts.set(kind, count);
  }
  return counts;
}

function byIdleTime(left: PlannedWorker, right: PlannedWorker): number {
  return left.idleSinceMs - right.idleSinceMs;
}

function byWait(left: Demand, right: Demand): number {
  return right.oldestWaitMs - left.oldestWaitMs;
}
