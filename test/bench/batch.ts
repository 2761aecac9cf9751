import { runs, tasks } from "@windlass/sdk";
import type { noOp } from "./tasks/no-op.ts";

/** Triggers `count` runs that do nothing, `batchSize` in each moment, and waits for every result; gives runs per second from first trigger to last result. */
export async function measureBatches(count: number, batchSize: number): Promise<number> {
  const startedAt = performance.now();
  const results: Promise<unknown>[] = [];
  for (let sent = 0; sent < count; sent += batchSize) {
    const handles = await Promise.all(
      Array.from({ length: Math.min(batchSize, count - sent) }, () => tasks.trigger<typeof noOp>("bench-no-op", {})),
    );
    results.push(...handles.map((handle) => runs.poll(handle)));
  }
  await Promise.all(results);
  return count / ((performance.now() - startedAt) / 1000);
}
