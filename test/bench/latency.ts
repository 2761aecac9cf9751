import { runs, tasks } from "@windlass/sdk";
import type { hooked } from "./tasks/hooked.ts";
import type { noOp } from "./tasks/no-op.ts";

/** Tasks that return the moment their first line ran. */
type BenchTask = typeof noOp | typeof hooked;

/** Milliseconds from the trigger call to two later moments of the same run. */
export interface Latency {
  /** To the first line of `run`. */
  readonly startMs: number;
  /** To the result in the caller's hands. */
  readonly resultMs: number;
}

/** Triggers a run that does nothing, waits for its result, and says how long that took. */
async function measureOne(taskId: BenchTask["id"] = "bench-no-op"): Promise<Latency> {
  const triggeredNs = process.hrtime.bigint();
  const handle = await tasks.trigger<BenchTask>(taskId, {});
  const run = await runs.poll(handle);
  const resultNs = process.hrtime.bigint();
  if (run.status !== "COMPLETED") throw new Error(`run ${handle.id} ended ${run.status}`);
  return {
    startMs: Number(BigInt(run.output as string) - triggeredNs) / 1e6,
    resultMs: Number(resultNs - triggeredNs) / 1e6,
  };
}

/** One after the other, `count` times. */
export async function measureOneAtATime(count: number, taskId?: BenchTask["id"]): Promise<Latency[]> {
  const latencies: Latency[] = [];
  for (let i = 0; i < count; i++) latencies.push(await measureOne(taskId));
  return latencies;
}

/** `count` runs with `concurrency` callers, each triggering the next when it has its result; gives runs per second. */
export async function measureConcurrent(count: number, concurrency: number): Promise<number> {
  const startedAt = performance.now();
  let left = count;
  const caller = async () => {
    while (left-- > 0) await measureOne();
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  return count / ((performance.now() - startedAt) / 1000);
}
