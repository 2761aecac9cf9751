import { setTimeout as delay } from "node:timers/promises";
import { duringWait, suspend } from "./attempt-wait.ts";

/** A wait up to this stays in its process: suspending and resuming it would take longer than it saves. */
const IN_PROCESS_MS = 5_000;

/** Makes the run wait until `date`; one that has passed is waited for no time at all. */
export async function waitUntil(what: string, date: Date): Promise<void> {
  await duringWait(what, async (attempt) => {
    const waitMs = date.getTime() - Date.now();
    if (waitMs > IN_PROCESS_MS) await suspend(attempt, { type: "duration", date });
    else await sleep(Math.max(waitMs, 0), attempt.signal);
  });
}

/** Rejects with the signal's reason. */
async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    throw signal.reason;
  }
}
