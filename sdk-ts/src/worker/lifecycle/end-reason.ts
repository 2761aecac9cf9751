/** The reason of a signal that aborts because the attempt has run longer than its maxDuration. */
export class MaxDurationExceededError extends Error {
  override readonly name: string = "MaxDurationExceededError";

  constructor(maxDurationS: number) {
    super(`the run exceeded its maxDuration of ${maxDurationS} s`);
  }
}

/** The reason of a signal that aborts because the run was canceled: an AbortError, as every API that takes a signal expects. */
export function canceledReason(reason: string): DOMException {
  return new DOMException(reason === "" ? "the run was canceled" : `the run was canceled: ${reason}`, "AbortError");
}

/** Why the attempt is no longer wanted; undefined as long as it is. */
export function endReason(signal: AbortSignal): "CANCELED" | "MAX_DURATION_EXCEEDED" | undefined {
  if (!signal.aborted) return undefined;
  return signal.reason instanceof MaxDurationExceededError ? "MAX_DURATION_EXCEEDED" : "CANCELED";
}
