import { setTimeout as sleep } from "node:timers/promises";
import { describeExit, type ManagedProcess } from "./managed-process.ts";

const pollIntervalMs = 20;

/**
 * Waits until a started process is ready, as told by `isReady`.
 * @throws when the process ends first, or is not ready within `limitMs` (then it is ended); the message names its log.
 */
export async function waitUntilReady(
  child: ManagedProcess,
  isReady: () => Promise<boolean> | boolean,
  limitMs: number,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const ready = await isReady();
    if (child.exit !== undefined) throw new Error(describeExit(child.name, child.exit, child.logFile));
    if (ready) return;
    if (performance.now() > deadline) {
      await child.stop();
      throw new Error(`${child.name} is not ready after ${limitMs / 1000} s (log: ${child.logFile})`);
    }
    await sleep(pollIntervalMs);
  }
}
