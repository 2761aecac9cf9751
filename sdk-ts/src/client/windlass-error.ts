import { ErrorReason } from "@windlass/proto";
import { type CallFailure, callFailureFromServiceError, reasonName, type Violation } from "@windlass/proto/grpc";

/** Why a call failed: the closed set of windlass.v1.ErrorReason, and NOT_CONFIGURED when there was nobody to call. */
export type WindlassErrorReason = keyof typeof ErrorReason | "NOT_CONFIGURED";

/** Everything that the client throws. */
export class WindlassError extends Error {
  override readonly name: string = "WindlassError";
  readonly reason: WindlassErrorReason;
  /** For FIELD_INVALID, each wrong field. */
  readonly violations: readonly Violation[];
  /** What to do about it; absent when nothing useful can be said. */
  readonly hint: string | undefined;
  /** When a repeat can succeed, if the cluster has said so. */
  readonly retryAt: Date | undefined;

  constructor(
    reason: WindlassErrorReason,
    message: string,
    more: {
      readonly violations?: readonly Violation[];
      readonly retryAt?: Date | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    const hint = HINTS[reason];
    super(
      hint === undefined ? message : `${message} ${hint}`,
      more.cause === undefined ? undefined : { cause: more.cause },
    );
    this.reason = reason;
    this.violations = more.violations ?? [];
    this.hint = hint;
    this.retryAt = more.retryAt;
  }
}

const HINTS: Partial<Record<WindlassErrorReason, string>> = {
  NOT_CONFIGURED: "Set WINDLASS_URL and WINDLASS_API_KEY, or call configure({ url, apiKey }).",
  API_KEY_INVALID: "Check WINDLASS_API_KEY, or the apiKey given to configure().",
  NOT_READY: "Check that the cluster runs and that WINDLASS_URL, or the url given to configure(), names it.",
  OVERLOADED: "Try again later, or trigger less at once.",
  DEPLOYMENT_NOT_CURRENT: "Look which version is current, and say again what to leave.",
  QUEUE_FULL: "Try again when some of its runs have begun.",
};

/** FIELD_INVALID for one field. */
export function invalidField(field: string, description: string, cause?: unknown): WindlassError {
  return new WindlassError("FIELD_INVALID", `${field} ${description}`, { violations: [{ field, description }], cause });
}

/** The error for a failed call, or for anything else that was thrown on the way. */
export function windlassErrorFrom(error: unknown): WindlassError {
  if (error instanceof WindlassError) return error;
  const failure = rootFailure(callFailureFromServiceError(error));
  return new WindlassError(reasonName(failure.reason) as WindlassErrorReason, failure.message, {
    violations: failure.violations,
    retryAt: failure.retryAfterMs === undefined ? undefined : new Date(Date.now() + failure.retryAfterMs),
    cause: failure,
  });
}

/** A question withdrawn because of a failure failed because of that. */
function rootFailure(failure: CallFailure): CallFailure {
  return failure.cause instanceof Error && failure.cause.name === "CallFailure"
    ? (failure.cause as CallFailure)
    : failure;
}
