import { runs, tasks, type TriggerOptions } from "@windlass/sdk";
import type { Figure } from "./report.ts";
import { median } from "./stats.ts";

const RUNS = 5_000;
const BATCH = 1_000;
const KEYS = 100;
const ROUNDS = 5;

/** Throughput of runs that do nothing, in turns with and without a concurrency limit, a rate limit and a key for each; none of the limits is ever reached for long. */
export async function measureLimits(): Promise<Figure[]> {
  const without: number[] = [];
  const within: number[] = [];
  await runsPerSecond("bench-limited", () => undefined); // warm
  for (let round = 0; round < ROUNDS; round += 1) {
    without.push(await runsPerSecond("bench-no-op", () => undefined));
    within.push(await runsPerSecond("bench-limited", (n) => ({ concurrencyKey: `key-${n % KEYS}` })));
  }
  return [
    { key: "unlimited_runs_per_s", label: "5,000 runs in batches, no limits", value: median(without), unit: "runs/s" },
    { key: "limited_runs_per_s", label: "... with limits and 100 keys", value: median(within), unit: "runs/s" },
    {
      key: "limited_ratio",
      label: "... with limits and keys / without",
      value: median(within) / median(without),
      unit: "x",
      target: { atLeast: 0.8 },
    },
  ];
}

async function runsPerSecond(taskId: string, optionsOf: (n: number) => TriggerOptions | undefined): Promise<number> {
  const startedAt = performance.now();
  const ends: Promise<unknown>[] = [];
  for (let sent = 0; sent < RUNS; sent += BATCH) {
    const handles = await Promise.all(
      Array.from({ length: BATCH }, (_, n) => tasks.trigger(taskId, {}, optionsOf(sent + n))),
    );
    ends.push(...handles.map((handle) => runs.poll(handle)));
  }
  await Promise.all(ends);
  return RUNS / ((performance.now() - startedAt) / 1_000);
}
