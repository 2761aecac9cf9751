import { status } from "@grpc/grpc-js";
import { backoffMs, type CallOptions, CallFailure } from "@windlass/proto/grpc";
import type { Clock } from "../clock/clock.ts";

/** How often and how fast a unary call is repeated (AIP-194). */
export interface RetryPolicy {
  readonly maxTries: number;
  /** Bounds of the delays between tries, as of backoffMs. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { maxTries: 4, firstDelayMs: 50, maxDelayMs: 1_000 };

interface RetryOptions {
  readonly policy: RetryPolicy;
  readonly clock: Pick<Clock, "monotonicMs" | "sleep">;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/**
 * Repeats a call that failed with UNAVAILABLE, and with nothing else, as long as its deadline allows. Every unary method of ours is safe to repeat,
 * and this is the only layer that does; the last failure is the result.
 */
export async function callWithRetry<Res>(
  call: (options: CallOptions) => Promise<Res>,
  options: CallOptions & { readonly timeoutMs: number },
  { policy, clock, random }: RetryOptions,
): Promise<Res> {
  const deadlineMs = clock.monotonicMs() + options.timeoutMs;
  for (let tries = 1; ; tries += 1) {
    try {
      return await call({ ...options, timeoutMs: deadlineMs - clock.monotonicMs() });
    } catch (error) {
      if (!(error instanceof CallFailure) || error.code !== status.UNAVAILABLE || tries >= policy.maxTries) throw error;
      const waitMs = backoffMs(tries, { firstMs: policy.firstDelayMs, longestMs: policy.maxDelayMs, random });
      const delayMs = Math.max(error.retryAfterMs ?? 0, waitMs);
      if (clock.monotonicMs() + delayMs >= deadlineMs) throw error;
      // When the caller aborts meanwhile, the next try fails at once and says so.
      await clock.sleep(delayMs, options.signal).catch(() => {});
    }
  }
}
