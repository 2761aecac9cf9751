import { runs, tasks } from "@windlass/sdk";
import type { limited, secondTimeLucky, steady } from "./tasks/steady.ts";

/** A run whose trigger was answered: from that moment it must not be lost (I1). */
export interface Acknowledged {
  readonly id: string;
  readonly n: number;
}

/** The queue of which runs of the load take turns, and how many of each of its keys may execute at once. */
export const LIMITED = { queue: "limited", limit: 2 } as const;
const KEYS = 4;
const MAX_DELAY_MS = 400;

/**
 * Triggers `count` runs over as long as the triggers take to be answered. Of six: two work for `ms` at once, two fail once, one works for `ms` behind a limit of its
 * concurrency key, and one is delayed.
 */
export async function triggerLoad(count: number, ms: number): Promise<Acknowledged[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const handle = await trigger(n, ms);
      return { id: handle.id, n };
    }),
  );
}

function trigger(n: number, ms: number): Promise<{ readonly id: string }> {
  if (n % 3 === 0) return tasks.trigger<typeof secondTimeLucky>("second-time-lucky", { n });
  if (n % 6 === 1) {
    return tasks.trigger<typeof limited>(
      "limited",
      { n, ms },
      { concurrencyKey: `key-${Math.floor(n / 6) % KEYS}`, ttl: "1h" },
    );
  }
  const isDelayed = n % 6 === 2;
  const options = isDelayed ? { delay: new Date(Date.now() + (n % 8) * (MAX_DELAY_MS / 8) + 1) } : {};
  return tasks.trigger<typeof steady>("steady", { n, ms }, options);
}

/** Waits until every run has ended, and says which did not COMPLETE with its own output. */
export async function findBroken(acknowledged: readonly Acknowledged[]): Promise<string[]> {
  const broken = await Promise.all(
    acknowledged.map(async ({ id, n }) => {
      const run = await runs.poll(id);
      const output = run.output as { n: number } | undefined;
      return run.status === "COMPLETED" && output?.n === n ? [] : [`${id} (n=${n}) ended ${run.status}`];
    }),
  );
  return broken.flat();
}
