import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Returns once the test has opened the gate. */
export async function passGate({ gate }: { readonly gate: string }): Promise<void> {
  while (!existsSync(gate)) await sleep(10);
}
