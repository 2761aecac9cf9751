import { RunStatus } from "@windlass/proto";
import { type PeriodName, periods } from "./periods.ts";
import type { RunSample, SampledRun } from "./use-run-sample.ts";

/** What happened in a part of the period. */
export interface Bucket {
  readonly fromMs: number;
  readonly completed: number;
  /** Ended in any way but COMPLETED and CANCELED. */
  readonly failed: number;
  readonly canceled: number;
  /** From when a run could have begun until it did, of those that began here; undefined when none did. */
  readonly queueWait: Spread | undefined;
  /** From the first start to the end, of those that ended here; undefined when none did. */
  readonly duration: Spread | undefined;
}

/** Half of the values are not above p50, 95 of 100 not above p95. */
export interface Spread {
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** Cuts the period at even times: a bucket stays what it is while the period moves on. */
export function bucketRuns({ runs, fromMs, toMs }: RunSample, period: PeriodName): readonly Bucket[] {
  const { bucketMs } = periods[period];
  const firstMs = Math.floor(fromMs / bucketMs) * bucketMs;
  const count = Math.floor((toMs - firstMs) / bucketMs) + 1;
  const ended: SampledRun[][] = Array.from({ length: count }, () => []);
  const begun: SampledRun[][] = Array.from({ length: count }, () => []);
  for (const run of runs) {
    if (run.finishMs !== undefined) ended[Math.floor((run.finishMs - firstMs) / bucketMs)]?.push(run);
    if (run.startMs !== undefined) begun[Math.floor((run.startMs - firstMs) / bucketMs)]?.push(run);
  }
  return ended.map((runsEnded, index) => {
    const completed = runsEnded.filter(({ status }) => status === RunStatus.COMPLETED).length;
    const canceled = runsEnded.filter(({ status }) => status === RunStatus.CANCELED).length;
    return {
      fromMs: firstMs + index * bucketMs,
      completed,
      canceled,
      failed: runsEnded.length - completed - canceled,
      queueWait: spreadOf((begun[index] ?? []).map(({ readyMs, startMs = readyMs }) => Math.max(0, startMs - readyMs))),
      duration: spreadOf(
        runsEnded.flatMap(({ startMs, finishMs }) =>
          startMs === undefined || finishMs === undefined ? [] : [Math.max(0, finishMs - startMs)],
        ),
      ),
    };
  });
}

function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((one, other) => one - other);
  return { p50Ms: nearestRank(sorted, 0.5), p95Ms: nearestRank(sorted, 0.95) };
}

function nearestRank(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
