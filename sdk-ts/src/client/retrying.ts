import { setTimeout as delay } from "node:timers/promises";
import { ErrorReason } from "@windlass/proto";
import { backoffMs, type CallFailure, callFailureFromServiceError, status } from "@windlass/proto/grpc";

/** Whether the same call may succeed later: the network or the service failed, not the request. */
function isPassing({ code, reason }: CallFailure): boolean {
  return code === status.UNAVAILABLE || reason === ErrorReason.NOT_READY || reason === ErrorReason.OVERLOADED;
}

/**
 * Whether a stream that is refused so will be refused again: the caller is at fault. A stream of safe repeats may try
 * again after anything else.
 */
export function isRefusal({ code, reason }: CallFailure): boolean {
  return code === status.UNIMPLEMENTED || REFUSALS.has(reason);
}

const REFUSALS = new Set<ErrorReason>([
  ErrorReason.API_KEY_INVALID,
  ErrorReason.NOT_PERMITTED,
  ErrorReason.FIELD_INVALID,
  ErrorReason.RUN_NOT_FOUND,
]);

/** Waits before the next try, exponentially longer with full jitter. Returns at once when the signal aborts. */
export async function backOff(failedTries: number, signal?: AbortSignal): Promise<void> {
  await delay(backoffMs(failedTries + 1), undefined, { signal }).catch(() => {});
}

/**
 * Repeats a unary call that may be repeated while it fails in passing and time is left; `timeoutMs` bounds all tries
 * together. Rejects with the CallFailure of the last, or of the one before when the last only ran out of time.
 */
export async function retrying<T>(timeoutMs: number, call: (options: { timeoutMs: number }) => Promise<T>): Promise<T> {
  const endMs = performance.now() + timeoutMs;
  let passing: CallFailure | undefined;
  for (let failedTries = 0; ; failedTries++) {
    try {
      return await call({ timeoutMs: Math.max(endMs - performance.now(), 1) });
    } catch (error) {
      const failure = callFailureFromServiceError(error);
      if (failure.code === status.DEADLINE_EXCEEDED) throw passing ?? failure;
      if (!isPassing(failure) || performance.now() >= endMs) throw failure;
      passing = failure;
    }
    await backOff(failedTries);
  }
}
