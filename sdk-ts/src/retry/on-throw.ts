import { isAbortTaskRunError } from "../task/abort-task-run-error.ts";
import { activeAttempt } from "../task/active-attempt.ts";
import { type RetryOptions, resolveRetryOptions } from "../task/retry-options.ts";
import { abortableDelay } from "./abortable-delay.ts";
import { retryDelayMs } from "./retry-delay.ts";

/** What a block that is retried receives. */
export interface OnThrowParams {
  /** From 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** The run's: aborts when it is canceled or its time is up. Outside of a run it never aborts. */
  readonly signal: AbortSignal;
}

/** How a block is retried: as a task is, without its machine. */
export type OnThrowOptions = Omit<RetryOptions, "outOfMemory">;

/**
 * Calls `fn` until it succeeds, at most `maxAttempts` times (default 3), waiting in between. Resolves to what it returns; rejects with what it threw last. An
 * AbortTaskRunError is thrown on at once, and nothing is tried again once the run is canceled or out of time: then it rejects with the signal's reason.
 * Throws a TypeError for an option that does not exist or is out of range.
 */
export async function onThrow<T>(
  fn: (params: OnThrowParams) => Promise<T> | T,
  options: OnThrowOptions = {},
): Promise<T> {
  const retry = resolveRetryOptions("retry.onThrow", options);
  const signal = activeAttempt.current?.signal ?? NEVER;
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await fn({ attempt, maxAttempts: retry.maxAttempts, signal });
    } catch (error) {
      if (attempt >= retry.maxAttempts || isAbortTaskRunError(error)) throw error;
    }
    await abortableDelay(retryDelayMs(retry, attempt, Math.random()), signal);
  }
}

const NEVER = new AbortController().signal;
