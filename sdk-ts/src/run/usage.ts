import { type ActiveAttempt, activeAttempt } from "../task/active-attempt.ts";

/** Time used. A cluster of one's own charges nothing: costs are 0. */
export interface ComputeUsage {
  readonly durationMs: number;
  readonly costInCents: number;
}

/** What a run has used up to now. */
export interface RunUsage {
  readonly compute: {
    /** Since this attempt began, waits included. */
    readonly attempt: ComputeUsage;
    /** Since the run's first attempt began, waits and pauses between attempts included. */
    readonly total: ComputeUsage;
  };
  readonly baseCostInCents: number;
  readonly totalCostInCents: number;
}

/** How long things take. */
export const usage = {
  /** Throws an Error outside of a run. */
  getCurrent(): RunUsage {
    const attempt = activeAttempt.current;
    if (attempt === undefined) throw new Error("usage.getCurrent works only inside of a run");
    return {
      compute: { attempt: sinceMs(attempt.startedAt.getTime()), total: sinceMs(firstStartMs(attempt)) },
      baseCostInCents: 0,
      totalCostInCents: 0,
    };
  },

  /** Calls `fn` and tells how long it took, in a run or elsewhere. What it throws is thrown. */
  async measure<T>(fn: () => Promise<T> | T): Promise<{ readonly result: T; readonly compute: ComputeUsage }> {
    const startMs = performance.now();
    const result = await fn();
    return { result, compute: { durationMs: performance.now() - startMs, costInCents: 0 } };
  },
};

/** By this machine's clock: a run that began on another one whose clock is ahead has used no negative time. */
function sinceMs(startMs: number): ComputeUsage {
  return { durationMs: Math.max(Date.now() - startMs, 0), costInCents: 0 };
}

function firstStartMs({ ctx, startedAt }: ActiveAttempt): number {
  return Math.min(ctx.run.startedAt.getTime(), startedAt.getTime());
}
