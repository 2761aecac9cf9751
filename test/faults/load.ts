import { runs, tasks } from "@windlass/sdk";
import type { secondTimeLucky, steady } from "./tasks/steady.ts";

/** A run whose trigger was answered: from that moment it must not be lost (I1). */
export interface Acknowledged {
  readonly id: string;
  readonly n: number;
}

/** Triggers `count` runs, two thirds of which work for `ms` and one third of which fail once, over as long as the triggers take to be answered. */
export async function triggerLoad(count: number, ms: number): Promise<Acknowledged[]> {
  const trigger = (n: number) =>
    n % 3 === 0
      ? tasks.trigger<typeof secondTimeLucky>("second-time-lucky", { n })
      : tasks.trigger<typeof steady>("steady", { n, ms });
  return Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const handle = await trigger(n);
      return { id: handle.id, n };
    }),
  );
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
