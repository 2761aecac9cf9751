import { tenureMs } from "./pool-plan.ts";

/**
 * Leases for so much work, at the measured run duration, are held ready per worker. Credits and leases need a round trip
 * through queue and run-store, some 5 to 20 ms under load; workers must not run dry meanwhile (design.md, section 1).
 */
const workAheadMs = 40;
const maxLeasesPerWorker = 100;
/** Weight of the newest run in the average: the last dozen runs decide. */
const newestWeight = 1 / 12;
/**
 * A lease that has waited this long while no attempt ended goes back: it is behind long runs, another supervisor may be
 * free, and it costs no attempt.
 */
const maxStalledWaitMs = 250;
/** However briskly its turn comes nearer, this is too long. Less would send work to and fro whenever the machine is busy. */
const maxWaitMs = 1_000;
/** However slowly workers start. */
const maxSlowWaitMs = 10_000;
/** Here room is being made for the lease: this long it may wait before another supervisor may have it. */
const maxReservedWaitMs = 5_000;

/** The exponentially weighted mean duration of runs; undefined before the first. */
export function nextMeanRunMs(meanMs: number | undefined, runMs: number): number {
  return meanMs === undefined ? runMs : meanMs + (runMs - meanMs) * newestWeight;
}

/** An attempt under way for longer than this is long, whatever the average says of those before it. */
export const longRunMs = workAheadMs;

/** A lease had to be given back: runs are not as short as they were. One at a time is asked for until they prove short again. */
export function meanAfterRelease(meanMs: number | undefined): number {
  return Math.max(meanMs ?? 0, workAheadMs);
}

/** What the number of leases to hold is decided from. */
export interface WorkView {
  readonly slots: number;
  /** How many of them are at a long run. */
  readonly longRuns: number;
  readonly meanRunMs: number | undefined;
  /** Leases that wait for their kind's turn at a worker, while other kinds have workers. */
  readonly unserved: number;
}

/**
 * How many leases to hold, those being executed included: some for each slot as the mean duration has it, one for each slot
 * that is at a long run. As many again may be unserved ones, for these must not leave the workers there are without work.
 */
export function leasesWanted({ slots, longRuns, meanRunMs, unserved }: WorkView): number {
  const each = meanRunMs === undefined ? 1 : Math.round(workAheadMs / Math.max(meanRunMs, 0.01));
  const ahead = (slots - longRuns) * Math.min(maxLeasesPerWorker, Math.max(1, each));
  return longRuns + ahead + Math.min(ahead, unserved);
}

/** What the grant is decided from. */
export interface CreditView {
  /** Leases wanted in all. */
  readonly wanted: number;
  /** Leases held: waiting or executing. */
  readonly held: number;
  /** Granted on this stream, and not yet used by the queue service. */
  readonly granted: number;
  /** How many queue services there are to grant to, this one included. */
  readonly streams: number;
}

/**
 * Credits to grant now on one stream. While many are wanted they are granted in lumps of a quarter, because each grant is a
 * message; the last few are granted at once.
 *
 * With several queue services the room is split evenly, with at least one for each, and what one of them does not use does
 * not keep the others from filling it: nobody knows which of them has work. So for a moment more can come than is wanted;
 * what then waits too long goes back (see shouldRelease).
 */
export function creditsToGrant({ wanted, held, granted, streams }: CreditView): number {
  const room = Math.max(0, wanted - held);
  const share = Math.ceil(room / streams);
  const missing = share - granted;
  const lump = Math.ceil((streams === 1 ? wanted : share) / 4);
  return missing >= lump ? Math.max(0, missing) : 0;
}

/**
 * Whether a lease has waited long enough to be given back, unless a worker of its version is just being started.
 * `sinceLastEndMs`: how long ago an attempt ended, and with it made room. `startMs`: how long workers take to start on this
 * machine now; where all is slow, ends and places come slowly too, and sending work to and fro would make it slower.
 * `isNextInReserve`: it has the room that is reserved.
 */
export function shouldRelease(
  waitedMs: number,
  sinceLastEndMs: number,
  { startMs = 0, isNextInReserve = false }: { startMs?: number; isNextInReserve?: boolean } = {},
): boolean {
  const stalledMs = Math.max(maxStalledWaitMs, Math.min(startMs, maxSlowWaitMs));
  // By then a tenure (pool-plan.ts) is over, so that a kind that has no worker has got a place.
  const placeMs = Math.min(tenureMs(startMs), maxSlowWaitMs);
  const longestMs = Math.max(isNextInReserve ? maxReservedWaitMs : maxWaitMs, placeMs);
  if (isNextInReserve) return waitedMs > longestMs;
  return waitedMs > longestMs || (waitedMs > stalledMs && sinceLastEndMs > stalledMs);
}
