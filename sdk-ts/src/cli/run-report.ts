import type { HookSnapshot } from "../client/hook-snapshot.ts";
import type { RunEvent } from "../client/run-event.ts";
import type { AttemptSnapshot, RunErrorDetails, RunSnapshot } from "../client/run-snapshot.ts";

/** A run as `runs get --json` and `trigger --wait --json` print it: who reads the output may rely on these names. */
export interface RunReport extends RunSummary {
  readonly payload: unknown;
  /** null before there is one, and when `run` returned nothing. */
  readonly output: unknown;
  readonly attempts: readonly AttemptSnapshot[];
  /** Every hook that ran, in the order they finished; `run` itself is among them. */
  readonly hooks: readonly HookSnapshot[];
  /** The timeline so far. */
  readonly events: readonly RunEvent[];
  /** True when the timeline has more entries than are printed. */
  readonly isTimelineCut: boolean;
}

/** A run as `runs list --json` prints it. */
export interface RunSummary extends Omit<RunSnapshot, "taskIdentifier" | "error" | "attempts" | "payload" | "output"> {
  readonly task: string;
  readonly error: RunErrorDetails | null;
}

export function runSummary(run: RunSnapshot): RunSummary {
  const { taskIdentifier, attempts: _, payload: __, output: ___, error, id, ...rest } = run;
  return { id, task: taskIdentifier, ...rest, error: error ?? null };
}

export function runReport(
  run: RunSnapshot,
  timeline: { readonly events: readonly RunEvent[]; readonly isCut: boolean },
): RunReport {
  return {
    ...runSummary(run),
    payload: run.payload ?? null,
    output: run.output ?? null,
    attempts: run.attempts,
    hooks: timeline.events.flatMap(hookOf),
    events: timeline.events,
    isTimelineCut: timeline.isCut,
  };
}

function hookOf(event: RunEvent): HookSnapshot[] {
  if (event.type !== "hook") return [];
  const { hook, scope, name, attempt, outcome, durationMs, error } = event;
  return [{ hook, scope, name, attempt, outcome, durationMs, ...(error !== undefined && { error }) }];
}
