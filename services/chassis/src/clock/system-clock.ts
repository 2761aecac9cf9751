import type { Clock, Timer } from "./clock.ts";
import { sleepOn } from "./sleep.ts";

/** Node fires a longer timeout at once (its delay is a signed 32-bit integer); longer ones are set in several goes. */
const longestTimeoutMs = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout: setSystemTimeout,
  sleep: (ms, signal) => sleepOn(systemClock, ms, signal),
};

function setSystemTimeout(fn: () => void, ms: number): Timer {
  let leftMs = Math.max(0, ms);
  let isUnref = false;
  let handle: NodeJS.Timeout;
  const arm = () => {
    const stepMs = Math.min(leftMs, longestTimeoutMs);
    leftMs -= stepMs;
    handle = setTimeout(() => (leftMs > 0 ? arm() : fn()), stepMs);
    if (isUnref) handle.unref();
  };
  arm();
  const timer: Timer = {
    cancel: () => clearTimeout(handle),
    unref: () => {
      isUnref = true;
      handle.unref();
      return timer;
    },
  };
  return timer;
}
