import { RunErrorCode } from "@windlass/proto";
import type { AttemptOutcomeName, RunTransition } from "./run-state.ts";

/** How long to wait between attempts. */
export interface Backoff {
  readonly factor: number;
  readonly minTimeoutMs: number;
  readonly maxTimeoutMs: number;
  readonly randomize: boolean;
}

/** How a task's failed attempts are repeated, as indexing found it. */
export interface RetryPolicy extends Backoff {
  /** The machine preset on which an attempt that ran out of memory is repeated; null: it is not. */
  readonly outOfMemoryMachine: string | null;
  /** True when nothing is repeated here: the environment is a developer's, and the task says so. */
  readonly isDisabled: boolean;
}

/** What the worker or the supervisor decided about a next attempt. */
export type RetryDecision =
  | { readonly kind: "by policy" }
  | { readonly kind: "never" }
  | { readonly kind: "after"; readonly delayMs: number };

/** An attempt that is over, and what bounds the next one. */
export interface EndedAttempt {
  readonly outcome: AttemptOutcomeName;
  readonly errorCode: RunErrorCode;
  readonly decision: RetryDecision;
  /** The attempt that ended, from 1. */
  readonly number: number;
  readonly maxAttempts: number;
  readonly policy: RetryPolicy;
}

/** What happens to the run, and for a retry, when and, unless on the machine it had, on which, and whether it has one attempt more from now on. */
export type AfterAttempt =
  | { readonly transition: Exclude<RunTransition, "retry"> }
  | {
      readonly transition: "retry";
      readonly delayMs: number;
      readonly machine: string | undefined;
      readonly addsAttempt: boolean;
    };

/** When a version does not say: lifecycle rule "Retrying". Also for a run whose version lacks its task. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  factor: 2,
  minTimeoutMs: 1_000,
  maxTimeoutMs: 60_000,
  randomize: true,
  outOfMemoryMachine: null,
  isDisabled: false,
};

/** A task may put off its next attempt itself; nobody waits longer than this. */
const MAX_RETRY_DELAY_MS = 365 * 24 * 60 * 60 * 1_000;

/** A run that is evicted more often than any deploy would do it loses its attempts like any other: nothing is repeated without end (I10). */
const MAX_EVICTED_ATTEMPT = 1_000;

/** The same would only happen again: the input is invalid, the task asked to stop, the version cannot be loaded, or whoever decides about retries is broken. */
const FINAL_ERRORS: ReadonlySet<RunErrorCode> = new Set([
  RunErrorCode.TASK_INPUT_ERROR,
  RunErrorCode.TASK_ABORTED,
  RunErrorCode.TASK_IMPORT_ERROR,
  RunErrorCode.HANDLE_ERROR_ERROR,
]);

/** Whether what follows an outcome depends on the attempts left and on the task's policy. */
export function canBeRetried(outcome: AttemptOutcomeName): outcome is "FAILED" | "CRASHED" | "LOST" {
  return outcome === "FAILED" || outcome === "CRASHED" || outcome === "LOST";
}

/** Decides what a run does after an attempt. `random` gives 0 up to 1, for the jitter. */
export function decideAfterAttempt(ended: EndedAttempt, random: () => number): AfterAttempt {
  const { outcome, decision, policy } = ended;
  if (!canBeRetried(outcome)) return { transition: FIXED_TRANSITIONS[outcome] };
  if (ended.errorCode === RunErrorCode.MAX_DURATION_EXCEEDED) return { transition: "time out" };
  // Neither the task's failure nor a sign that it will fail elsewhere: at once, and as if the attempt had not been.
  if (isEvicted(ended)) return { transition: "retry", delayMs: 0, machine: undefined, addsAttempt: true };
  if (isOver(ended)) return { transition: finalTransition(outcome, ended.errorCode) };
  const delayMs =
    decision.kind === "after"
      ? Math.min(Math.max(decision.delayMs, 0), MAX_RETRY_DELAY_MS)
      : retryDelayMs(policy, ended.number, random);
  const isTooSmall = ended.errorCode === RunErrorCode.OUT_OF_MEMORY;
  const machine = (isTooSmall ? policy.outOfMemoryMachine : null) ?? undefined;
  return { transition: "retry", delayMs, machine, addsAttempt: false };
}

/** Only a supervisor says LOST: what a worker says of itself gives no attempt back. */
function isEvicted({ outcome, errorCode, decision, number }: EndedAttempt): boolean {
  const isLost = outcome === "LOST" && errorCode === RunErrorCode.EVICTED;
  return isLost && decision.kind !== "never" && number < MAX_EVICTED_ATTEMPT;
}

function isOver({ decision, errorCode, number, maxAttempts, policy }: EndedAttempt): boolean {
  return (
    decision.kind === "never" ||
    number >= maxAttempts ||
    policy.isDisabled ||
    FINAL_ERRORS.has(errorCode) ||
    // On the same machine it would only happen again.
    (errorCode === RunErrorCode.OUT_OF_MEMORY && policy.outOfMemoryMachine === null)
  );
}

/** Memory that is too small is the process's failure, and a handleError that throws one of the code around the task, whatever the attempt is said to have been. */
function finalTransition(outcome: "FAILED" | "CRASHED" | "LOST", errorCode: RunErrorCode) {
  const isCrash = errorCode === RunErrorCode.HANDLE_ERROR_ERROR || errorCode === RunErrorCode.OUT_OF_MEMORY;
  return isCrash ? "crash" : FINAL_TRANSITIONS[outcome];
}

/** How long after attempt `number` the next one waits. */
export function retryDelayMs(policy: Backoff, number: number, random: () => number): number {
  const jitter = policy.randomize ? 1 + random() : 1;
  return Math.round(Math.min(policy.maxTimeoutMs, jitter * policy.minTimeoutMs * policy.factor ** (number - 1)));
}

const FIXED_TRANSITIONS = {
  SUCCEEDED: "complete",
  CANCELED: "end canceled",
  CANCEL_FORCED: "end canceled",
  TIMED_OUT: "time out",
} as const;

const FINAL_TRANSITIONS = { FAILED: "fail", CRASHED: "crash", LOST: "fail system" } as const;
