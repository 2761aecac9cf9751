import { retryAdviceOf } from "../../client/retry-advice.ts";
import { retryDelayMs } from "../../retry/retry-delay.ts";
import { resolveRetryOptions, type RetryOptions, type RetryPolicy } from "../../task/retry-options.ts";

/** What is to follow a failed attempt, as far as its process has a say. */
export interface RetryDecision {
  /** What is reported. */
  readonly thrown: unknown;
  /** Milliseconds until the next attempt; undefined: there shall be none. */
  readonly delayMs: number | undefined;
}

/** What a decision depends on beside itself. */
export interface RetrySituation {
  /** The task's; its maxAttempts is the run's. */
  readonly policy: RetryPolicy;
  readonly attemptNumber: number;
  readonly nowMs: number;
  readonly random: () => number;
}

/**
 * What is decided where no handler does: by the task's policy, but for errors of the SDK's own calls, which may say that
 * the same call would be refused again, or when it would not.
 */
export function decideByDefault(thrown: unknown, situation: RetrySituation): RetryDecision {
  const advice = retryAdviceOf(thrown);
  if (!hasAttemptsLeft(situation) || (advice !== undefined && "skipRetrying" in advice))
    return { thrown, delayMs: undefined };
  const delayMs = advice === undefined ? delayByPolicy(situation) : millisecondsUntil(advice.retryAt, situation);
  return { thrown, delayMs };
}

function hasAttemptsLeft({ policy, attemptNumber }: RetrySituation): boolean {
  return attemptNumber < policy.maxAttempts;
}

function delayByPolicy({ policy, attemptNumber, random }: RetrySituation): number {
  return retryDelayMs(policy, attemptNumber, random());
}

/**
 * Reads what an error handler returned: undefined when that decides nothing. A decision with several answers is read
 * in the order skipRetrying, retryAt, retryDelayInMs, retry; one with none of them keeps `byDefault`. Throws a
 * TypeError that says what is wrong when an answer makes no sense.
 */
export function readDecision(
  returned: unknown,
  byDefault: RetryDecision,
  situation: RetrySituation,
): RetryDecision | undefined {
  if (typeof returned !== "object" || returned === null || !ANSWERS.some((answer) => answer in returned))
    return undefined;
  const decision = returned as Record<(typeof ANSWERS)[number], unknown>;
  const thrown = "error" in returned ? decision.error : byDefault.thrown;
  if (decision.skipRetrying === true || !hasAttemptsLeft(situation)) return { thrown, delayMs: undefined };
  return { thrown, delayMs: delayOf(decision, byDefault.delayMs, situation) };
}

const ANSWERS = ["skipRetrying", "retryAt", "retryDelayInMs", "retry", "error"] as const;
/** As far as any policy may go. */
const MAX_DELAY_MS = 366 * 24 * 60 * 60 * 1_000;

function delayOf(
  { skipRetrying, retryAt, retryDelayInMs, retry }: Record<(typeof ANSWERS)[number], unknown>,
  byDefaultMs: number | undefined,
  situation: RetrySituation,
): number | undefined {
  if (skipRetrying !== undefined && typeof skipRetrying !== "boolean")
    throw new TypeError("skipRetrying must be true or false");
  if (retryAt !== undefined) {
    if (!(retryAt instanceof Date) || Number.isNaN(retryAt.getTime()))
      throw new TypeError("retryAt must be a valid Date");
    return checkDelay("retryAt", millisecondsUntil(retryAt, situation));
  }
  if (retryDelayInMs !== undefined) {
    if (typeof retryDelayInMs !== "number" || !(retryDelayInMs >= 0))
      throw new TypeError("retryDelayInMs must be a number of milliseconds, 0 or more");
    return checkDelay("retryDelayInMs", retryDelayInMs);
  }
  if (retry === undefined) return byDefaultMs;
  const policy = resolveRetryOptions("the decision of an error handler", retry as RetryOptions, situation.policy);
  const decided = { ...situation, policy };
  return hasAttemptsLeft(decided) ? delayByPolicy(decided) : undefined;
}

function millisecondsUntil(date: Date, { nowMs }: RetrySituation): number {
  return Math.max(0, date.getTime() - nowMs);
}

function checkDelay(what: string, delayMs: number): number {
  if (delayMs > MAX_DELAY_MS) throw new TypeError(`${what} must not be further away than a year`);
  return Math.round(delayMs);
}
