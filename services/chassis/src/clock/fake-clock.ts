import type { Clock, Timer } from "./clock.ts";
import { sleepOn } from "./sleep.ts";

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /**
   * Moves time on, firing what falls due on the way: by due time, then by the order in which it was set.
   * After each one it lets promises and immediates run, so a loop that sleeps again is fired again within one call.
   */
  advance(ms: number): Promise<void>;
  /** Timers set and neither fired nor canceled. */
  readonly pendingTimers: number;
  /** Resolves when at least `count` timers are pending: the moment from which `advance` has something to fire. */
  timersPending(count: number): Promise<void>;
}

interface PendingTimer {
  readonly dueMs: number;
  readonly fn: () => void;
}

interface Waiter {
  readonly count: number;
  readonly resolve: () => void;
}

/** Builds a clock for tests. Both of its clocks start at `startMs`. */
export function createFakeClock(startMs = 0): FakeClock {
  let nowMs = startMs;
  // A set keeps the order in which timers were set, which settles ties.
  const timers = new Set<PendingTimer>();
  let waiters: Waiter[] = [];

  const setFakeTimeout = (fn: () => void, ms: number): Timer => {
    const pending: PendingTimer = { dueMs: nowMs + Math.max(0, ms), fn };
    timers.add(pending);
    const served = waiters.filter(({ count }) => count <= timers.size);
    waiters = waiters.filter(({ count }) => count > timers.size);
    for (const { resolve } of served) resolve();
    const timer: Timer = { cancel: () => void timers.delete(pending), unref: () => timer };
    return timer;
  };

  const clock: FakeClock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    setTimeout: setFakeTimeout,
    sleep: (ms, signal) => sleepOn(clock, ms, signal),
    async advance(ms) {
      const endMs = nowMs + ms;
      await settle();
      for (let next = firstDue(timers, endMs); next !== undefined; next = firstDue(timers, endMs)) {
        timers.delete(next);
        nowMs = next.dueMs;
        next.fn();
        await settle();
      }
      nowMs = endMs;
    },
    get pendingTimers() {
      return timers.size;
    },
    timersPending: (count) =>
      new Promise((resolve) => {
        if (timers.size >= count) resolve();
        else waiters.push({ count, resolve });
      }),
  };
  return clock;
}

function firstDue(timers: Set<PendingTimer>, endMs: number): PendingTimer | undefined {
  let first: PendingTimer | undefined;
  for (const timer of timers) {
    if (timer.dueMs <= endMs && (first === undefined || timer.dueMs < first.dueMs)) first = timer;
  }
  return first;
}

function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
