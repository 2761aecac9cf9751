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

/** The exponentially weighted mean duration of runs; undefined before the first. */
export function nextMeanRunMs(meanMs: number | undefined, runMs: number): number {
  return meanMs === undefined ? runMs : meanMs + (runMs - meanMs) * newestWeight;
}

/**
 * How many leases a worker should have, the one it executes included. `busyMs`: how long it has been at its current
 * attempt; 0 when it has none.
 */
export function leasesPerWorker(meanRunMs: number | undefined, busyMs: number): number {
  // A run that already takes longer than the work ahead says more about its successors than the average does.
  if (meanRunMs === undefined || busyMs > workAheadMs) return 1;
  return Math.min(maxLeasesPerWorker, Math.max(1, Math.round(workAheadMs / Math.max(meanRunMs, 0.01))));
}

/** What the grant is decided from. */
export interface CreditView {
  /** Leases wanted in all: the sum of `leasesPerWorker`. */
  readonly wanted: number;
  /** Leases held: waiting or executing. */
  readonly held: number;
  /** Granted, and not yet used by the queue. */
  readonly granted: number;
}

/**
 * Credits to grant now. While many are wanted they are granted in lumps of a quarter, because each grant is a message;
 * the last few are granted at once.
 */
export function creditsToGrant({ wanted, held, granted }: CreditView): number {
  const missing = wanted - held - granted;
  const lump = Math.ceil(wanted / 4);
  return missing >= lump ? Math.max(0, missing) : 0;
}

/**
 * Whether a lease has waited long enough to be given back, unless a worker of its version is just being started.
 * `sinceLastEndMs`: how long ago an attempt ended, and with it made room.
 */
export function shouldRelease(waitedMs: number, sinceLastEndMs: number): boolean {
  return waitedMs > maxWaitMs || (waitedMs > maxStalledWaitMs && sinceLastEndMs > maxStalledWaitMs);
}
