import { readdirSync, readFileSync } from "node:fs";
import { task, wait } from "@windlass/sdk";

/** What of the machine a task finds. */
export const looksAround = task({
  id: "looks-around",
  run: async () => ({
    uid: process.getuid?.() ?? 0,
    canReadShadow: canRead("/etc/shadow"),
    processes: readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name)).length,
  }),
});

/** Longer than a wait for which its process is kept running. */
export const waitsFrozen = task({
  id: "waits-frozen",
  run: async () => {
    const kept = { number: 42 };
    await wait.for({ seconds: 6 });
    return kept;
  },
});

export const needsMemory = task({
  id: "needs-memory",
  machine: "micro",
  retry: { maxAttempts: 1 },
  run: async () => {
    const kept: Buffer[] = [];
    for (;;) kept.push(Buffer.alloc(16 * 1_048_576, 1));
  },
});

export const loopsForEver = task({
  id: "loops-for-ever",
  maxDuration: 5,
  run: async () => {
    for (;;);
  },
});

function canRead(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
}
