import type { Clock } from "@windlass/chassis";

/** Lets one waiting loop be told that there is something to do. Being told before it waits, or often, is the same as once. */
export interface WakeUp {
  set(): void;
  /** Resolves once `set` was called since the last wait, or after `limitMs`. Rejects with the signal's reason when that aborts. */
  wait(signal: AbortSignal, limitMs?: number): Promise<void>;
}

export function createWakeUp(clock: Clock): WakeUp {
  let isSet = false;
  let wake: (() => void) | undefined;
  return {
    set() {
      isSet = true;
      wake?.();
    },
    async wait(signal, limitMs) {
      signal.throwIfAborted();
      if (!isSet) {
        const woken = Promise.withResolvers<void>();
        const timer = limitMs === undefined ? undefined : clock.setTimeout(woken.resolve, limitMs);
        const onAbort = () => woken.reject(signal.reason);
        signal.addEventListener("abort", onAbort, { once: true });
        wake = woken.resolve;
        try {
          await woken.promise;
        } finally {
          wake = undefined;
          timer?.cancel();
          signal.removeEventListener("abort", onAbort);
        }
      }
      isSet = false;
    },
  };
}
