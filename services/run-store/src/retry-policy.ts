import { RunErrorCode } from "@windlass/proto";
import type { AttemptOutcomeName, RunTransition } from "./run-state.ts";

/** How a task's failed attempts are repeated, as indexing found it. */
export interface RetryPolicy {
  readonly factor: number;
  readonly minTimeoutMs: number;
  readonly maxTimeoutMs: number;
  readonly randomize: boolean;
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

/** What happens to the run, and for a retry, when. */
export type AfterAttempt =
  | { readonly transition: Exclude<RunTransition, "retry"> }
  | { readonly transition: "retry"; readonly delayMs: number };

/** When a version does not say: lifecycle rule "Retrying". Also for a run whose version lacks its task. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  factor: 2,
  minTimeoutMs: 1_000,
  maxTimeoutMs: 60_000,
  randomize: true,
};

/** A task may put off its next attempt itself; nobody waits longer than this. */
const MAX_RETRY_DELAY_MS = 365 * 24 * 60 * 60 * 1_000;

/** The same would only happen again: the input is invalid, the task asked to stop, the memory is too small, the version cannot be loaded. */
const FINAL_ERRORS: ReadonlySet<RunErrorCode> = new Set([
  RunErrorCode.TASK_INPUT_ERROR,
  RunErrorCode.TASK_ABORTED,
  RunErrorCode.OUT_OF_MEMORY,
  RunErrorCode.TASK_IMPORT_ERROR,
]);

/** Whether what follows an outcome depends on the attempts left and on the task's policy. */
export function canBeRetried(outcome: AttemptOutcomeName): outcome is "FAILED" | "CRASHED" | "LOST" {
  return outcome === "FAILED" || outcome === "CRASHED" || outcome === "LOST";
}

/** Decides what a run does after an attempt. `random` gives 0 up to 1, for the jitter. */
export function decideAfterAttempt(ended: EndedAttempt, random: () => number): AfterAttempt {
  const { outcome, decision } = ended;
  if (!canBeRetried(outcome)) return { transition: outcome === "SUCCEEDED" ? "complete" : "end canceled" };
  const isOver = decision.kind === "never" || ended.number >= ended.maxAttempts || FINAL_ERRORS.has(ended.errorCode);
  if (isOver) return { transition: FINAL_TRANSITIONS[outcome] };
  const delayMs =
    decision.kind === "after"
      ? Math.min(Math.max(decision.delayMs, 0), MAX_RETRY_DELAY_MS)
      : retryDelayMs(ended.policy, ended.number, random);
  return { transition: "retry", delayMs };
}

/** How long after attempt `number` the next one waits. */
export function retryDelayMs(policy: RetryPolicy, number: number, random: () => number): number {
  const jitter = policy.randomize ? 1 + random() : 1;
  return Math.round(Math.min(policy.maxTimeoutMs, jitter * policy.minTimeoutMs * policy.factor ** (number - 1)));
}

const FINAL_TRANSITIONS = { FAILED: "fail", CRASHED: "crash", LOST: "fail system" } as const;
