import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Returns once the test has opened the gate; throws when the run is canceled before. */
export async function passGate(
  { gate }: { readonly gate: string },
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  while (!existsSync(gate)) await sleep(10, undefined, { signal });
}
