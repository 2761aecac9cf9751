import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { task } from "@windlass/sdk";

interface Payload {
  /** Written as soon as the task runs, and as long as it does. */
  file: string;
}

async function untilAborted(payload: Payload, signal: AbortSignal): Promise<{ reason: string }> {
  appendFileSync(payload.file, "running\n");
  try {
    await sleep(600_000, undefined, { signal });
  } catch {
    // The abort is what it waited for.
  }
  return { reason: String(signal.reason) };
}

export const honoursSignal = task({
  id: "honours-signal",
  run: async (payload: Payload, { signal }) => untilAborted(payload, signal),
});

export const honoursSignalWithoutNats = task({
  id: "honours-signal-without-nats",
  run: async (payload: Payload, { signal }) => untilAborted(payload, signal),
});

export const ignoresSignal = task({
  id: "ignores-signal",
  run: async (payload: Payload) => {
    for (;;) {
      appendFileSync(payload.file, ".");
      await sleep(5);
    }
  },
});

export const loopsForever = task({
  id: "loops-forever",
  run: async (payload: Payload) => {
    for (;;) appendFileSync(payload.file, ".");
  },
});

export const returns = task({ id: "returns", run: async () => "done" });
