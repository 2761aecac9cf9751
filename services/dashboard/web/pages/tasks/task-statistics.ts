import { type Run, RunStatus } from "@windlass/proto";
import { msOf } from "../../format/moments.ts";
import { statusLook } from "../../format/run-status.ts";

/** What a task's last runs tell. */
export interface TaskStatistics {
  /** Runs that have ended by themselves: canceled ones say nothing about the task. */
  readonly endedCount: number;
  /** Of them, those that completed: 0 to 1; undefined without any. */
  readonly successRate: number | undefined;
  /** Half of the completed runs took at most so long, from the first attempt's start to the end. */
  readonly p50Ms: number | undefined;
  /** 95 of 100 took at most so long. */
  readonly p95Ms: number | undefined;
}

/** Success and durations of runs. */
export function taskStatistics(runs: readonly Run[]): TaskStatistics {
  const ended = runs.filter(({ status }) => statusLook(status).isEnd && status !== RunStatus.CANCELED);
  const completed = ended.filter(({ status }) => status === RunStatus.COMPLETED);
  const durationsMs = completed.flatMap((run) => durationOf(run) ?? []).toSorted((one, other) => one - other);
  return {
    endedCount: ended.length,
    successRate: ended.length === 0 ? undefined : completed.length / ended.length,
    p50Ms: percentile(durationsMs, 0.5),
    p95Ms: percentile(durationsMs, 0.95),
  };
}

/** "100 %", "97 %"; never 100 when one has failed, never 0 when one has not. */
export function formatRate(rate: number): string {
  if (rate === 0 || rate === 1) return `${rate * 100} %`;
  return `${Math.min(99, Math.max(1, Math.round(rate * 100)))} %`;
}

function durationOf(run: Run): number | undefined {
  const startMs = msOf(run.startTime);
  const finishMs = msOf(run.finishTime);
  return startMs === undefined || finishMs === undefined ? undefined : Math.max(0, finishMs - startMs);
}

/** The smallest value that so many of the sorted values do not exceed. */
function percentile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}
