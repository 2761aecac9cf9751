/** What the plan sees of a worker. */
export interface PlannedWorker {
  readonly id: string;
  /** Its WorkerKind's key; so everywhere here. */
  readonly kind: string;
  /** leaving: it executes an attempt, and ends with it. */
  readonly state: "starting" | "idle" | "busy" | "leaving";
  /** When it last became idle, by the monotonic clock. */
  readonly idleSinceMs: number;
}

/** Leases that wait for a worker of one kind. */
export interface Demand {
  readonly kind: string;
  readonly waiting: number;
  /** How long the oldest of them has waited. */
  readonly oldestWaitMs: number;
}

export interface PoolView {
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
  /** Workers to end, the busy ones when their attempt has ended. */
  readonly stop: readonly string[];
}

/** How long a kind without any worker waits before it takes one from a kind that still has work for it. */
const takeOverAfterMs = 100;

/**
 * Which workers to start and to end, so that every waiting lease finds a worker of its kind: the longest waiting kind first;
 * idle workers of others make room, first those nobody waits for, the longest idle first. A kind that has no worker at all
 * takes one over, if need be at the end of its attempt. What is left goes to one spare of the kind used last, so that an
 * attempt which uses up its process does not cost the next one a start. When suspended workers have come back, so that there
 * are more than there should be, idle ones end.
 */
export function planWorkers(view: PoolView): PoolPlan {
  const limit = view.slots + 1;
  const counts = countByKind(view.workers);
  const start: string[] = [];
  const stop: string[] = [];
  let total = view.workers.length;

  const begin = (kind: string) => {
    start.push(kind);
    total += 1;
  };
  const end = (candidates: readonly PlannedWorker[]): boolean => {
    const victim = candidates.filter(({ id }) => !stop.includes(id)).toSorted(byIdleTime)[0];
    if (victim !== undefined) stop.push(victim.id);
    return victim !== undefined;
  };
  const makeRoom = (candidates: readonly PlannedWorker[]): boolean => {
    const isMade = end(candidates);
    if (isMade) total -= 1;
    return isMade;
  };

  const demands = view.demands.filter(({ kind }) => !view.resting.has(kind)).toSorted(byWait);
  const wanted = new Set(view.demands.map(({ kind }) => kind));
  const idle = view.workers.filter(({ state }) => state === "idle");
  const busy = view.workers.filter(({ state }) => state === "busy");
  let leaving = view.workers.filter(({ state }) => state === "leaving").length;
  const unwanted = idle.filter(({ kind }) => !wanted.has(kind));
  for (let surplus = total - limit; surplus > 0; surplus -= 1) {
    if (!makeRoom(unwanted) && !makeRoom(idle)) break;
  }
  for (const { kind, waiting, oldestWaitMs } of demands) {
    const { alive = 0, free = 0 } = counts.get(kind) ?? {};
    const missing = Math.min(waiting - free, limit - alive);
    for (let nth = 0; nth < missing; nth += 1) {
      if (total < limit || makeRoom(unwanted)) {
        begin(kind);
        continue;
      }
      const isStarved = alive === 0 && nth === 0 && oldestWaitMs >= takeOverAfterMs;
      if (isStarved && leaving > 0) leaving -= 1;
      else if (isStarved && makeRoom(idle)) begin(kind);
      // Its place is free when its attempt has ended; the plan is made again then.
      else if (isStarved) end(busy);
      break;
    }
  }

  const spare = view.lastUsedKind;
  if (spare !== undefined && total < limit && !view.resting.has(spare) && !start.includes(spare)) {
    const { alive = 0, free = 0 } = counts.get(spare) ?? {};
    if (free === 0 || alive < 2) begin(spare);
  }
  return { start, stop };
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
