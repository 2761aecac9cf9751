import type { OpenSpan } from "@windlass/chassis";
import { AttemptOutcome, type FinishAttempt, type Wait } from "@windlass/proto";
import type { Attempt } from "./attempt.ts";
import { type AttemptEnd, classifyExit } from "./exit-policy.ts";
import type { HeldLease } from "./lease-book.ts";
import { evictedError, maxDurationError, waitLostError } from "./run-errors.ts";
import type { Worker, WorkerEnd } from "./worker.ts";

/** How a running attempt will have ended once its worker is gone. */
export type PendingEnd =
  /** As the worker said, before it had to go: it is not reported before (I5). */
  | { readonly kind: "finished"; readonly finish: FinishAttempt }
  | { readonly kind: "ended"; readonly end: AttemptEnd }
  | { readonly kind: "cancel-forced" }
  | { readonly kind: "dropped" };

/**
 * running: it executes. reporting: it waits, and that is being stored. suspended: its process is stopped. resuming: its wait
 * is over, and a lease that continues it is to follow. continued: that lease has come, and waits for a slot.
 */
export type Phase = "running" | "reporting" | "suspended" | "resuming" | "continued";

/** An attempt that a worker has. */
export interface RunningAttempt {
  held: HeldLease;
  readonly worker: Worker;
  readonly attempt: Attempt;
  readonly span: OpenSpan;
  phase: Phase;
  /** What it waits for, in every phase but running. */
  wait: Wait | undefined;
  /** Takes back the watch for the end of its wait. */
  unwatch: (() => void) | undefined;
  /** How long it ran before it last began to run; by the monotonic clock, like all times here. */
  ranMs: number;
  /** Since when it runs; undefined while it waits. */
  runsSinceMs: number | undefined;
  /** Until when the lease that continues it must have come; undefined while there is no doubt that it will. */
  doubtDueMs: number | undefined;
  /** Its process was stopped since the last sign of life, so how late that comes says nothing. */
  isLagUnknown: boolean;
  /** When its cancel has to have come to an end; undefined while none was delivered. */
  cancelDueMs: number | undefined;
  pendingEnd: PendingEnd | undefined;
}

/** How long a worker has to end an attempt by itself that exceeds its maxDuration. */
const maxDurationGraceMs = 1_000;

/** An attempt that begins to run now. */
export function beginRunning(
  parts: Pick<RunningAttempt, "held" | "worker" | "attempt" | "span">,
  nowMs: number,
): RunningAttempt {
  return {
    ...parts,
    phase: "running",
    wait: undefined,
    unwatch: undefined,
    ranMs: 0,
    runsSinceMs: nowMs,
    doubtDueMs: undefined,
    isLagUnknown: false,
    cancelDueMs: undefined,
    pendingEnd: undefined,
  };
}

/** How long it has run, without the time it waited. */
export function runMsOf({ ranMs, runsSinceMs }: RunningAttempt, nowMs: number): number {
  return runsSinceMs === undefined ? ranMs : ranMs + nowMs - runsSinceMs;
}

/** Whether its process is stopped, or was when last looked at. */
export function isStopped({ phase }: RunningAttempt): boolean {
  return phase === "suspended" || phase === "resuming" || phase === "continued";
}

/** Ends its wait, in whatever phase that is: it runs, or is about to. */
export function endWait(running: RunningAttempt): void {
  running.unwatch?.();
  running.unwatch = undefined;
  running.doubtDueMs = undefined;
  running.phase = "running";
  running.wait = undefined;
}

/** Decides how a running attempt will have ended, and ends its worker; the first decision stands. */
export function endWith(running: RunningAttempt, pendingEnd: PendingEnd): void {
  running.pendingEnd ??= pendingEnd;
  running.worker.kill();
}

/** How an attempt must end whose time is over: its cancel's, its maxDuration's, or that of a doubt; undefined while it is not. */
export function overdueEnd(running: RunningAttempt, nowMs: number): PendingEnd | undefined {
  const { cancelDueMs, doubtDueMs, attempt } = running;
  if (doubtDueMs !== undefined && doubtDueMs <= nowMs) {
    return { kind: "ended", end: { outcome: AttemptOutcome.LOST, error: waitLostError(), retry: "by-policy" } };
  }
  if (cancelDueMs !== undefined) return cancelDueMs <= nowMs ? { kind: "cancel-forced" } : undefined;
  const { maxDurationSeconds } = attempt.lease;
  const limitMs = maxDurationSeconds * 1_000 + maxDurationGraceMs;
  if (maxDurationSeconds === 0 || runMsOf(running, nowMs) <= limitMs) return undefined;
  const error = maxDurationError(maxDurationSeconds);
  return { kind: "ended", end: { outcome: AttemptOutcome.TIMED_OUT, error, retry: "never" } };
}

/** How an attempt has ended whose worker is gone, `nowMs` by the wall clock; undefined when nothing is to be said of it. */
export function finishOf(
  { attempt, worker, pendingEnd }: RunningAttempt,
  { exit }: WorkerEnd,
  nowMs: number,
): FinishAttempt | undefined {
  // That a process is gone which had to go is worth an entry only if it left something to read.
  const lastWords = exit?.output === "" ? undefined : exit;
  switch (pendingEnd?.kind) {
    case "finished":
      if (lastWords !== undefined) attempt.processEnded(lastWords, nowMs);
      return pendingEnd.finish;
    case "ended":
      return attempt.ended({ ...pendingEnd.end, ...(lastWords !== undefined && { exit: lastWords }) }, nowMs);
    case "cancel-forced":
      if (lastWords !== undefined) attempt.processEnded(lastWords, nowMs);
      return attempt.canceled("force", attempt.cancelReason ?? "", nowMs);
    case "dropped":
      return undefined;
    case undefined:
      if (exit === undefined) return attempt.ended(stopped(), nowMs);
      return attempt.ended(classifyExit(exit, worker.kind.machine, worker.excessBytes), nowMs);
  }
}

/** The end of an attempt that was under way, or waited, when its supervisor stopped. */
export function stopped(): AttemptEnd {
  return { outcome: AttemptOutcome.LOST, error: evictedError(), retry: "by-policy" };
}
