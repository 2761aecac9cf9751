import { setTimeout as delay } from "node:timers/promises";

/** Rejects with the signal's reason as soon as that aborts. */
export async function abortableDelay(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    throw signal.reason;
  }
}
