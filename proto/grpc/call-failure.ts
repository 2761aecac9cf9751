import { status } from "@grpc/grpc-js";
import { ErrorReason, ErrorReasonSchema } from "../gen/windlass/v1/error_reason_pb.ts";

/** One wrong field of a request. */
export interface Violation {
  /** Its path in the request, for example "trigger.payload.data". */
  readonly field: string;
  /** What is wrong and what the limit is. */
  readonly description: string;
}

/** What makes a {@link CallFailure}. */
export interface CallFailureInit {
  readonly code: status;
  readonly reason: ErrorReason;
  /** One sentence: what happened, to what, and what to do. */
  readonly message: string;
  /** For FIELD_INVALID, each wrong field. */
  readonly violations?: readonly Violation[];
  /** When a repeat can succeed, in milliseconds from now. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/**
 * A call that failed, on either side of it: what a handler throws to refuse a call, and what a client's promise or stream rejects with.
 * Every failure has a reason from the closed set of windlass.v1.ErrorReason, also when the network or an old server gave none.
 */
export class CallFailure extends Error {
  override readonly name = "CallFailure";
  readonly code: status;
  readonly reason: ErrorReason;
  readonly violations: readonly Violation[];
  readonly retryAfterMs: number | undefined;

  constructor(init: CallFailureInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = init.code;
    this.reason = init.reason;
    this.violations = init.violations ?? [];
    this.retryAfterMs = init.retryAfterMs;
  }
}

/** INVALID_ARGUMENT, FIELD_INVALID: the failure for a request with these wrong fields. */
export function fieldInvalid(...violations: readonly Violation[]): CallFailure {
  const [first, ...others] = violations;
  const message =
    first === undefined
      ? "The request is not valid."
      : `${first.field === "" ? "The request" : first.field} ${first.description}${others.length > 0 ? ` (and ${others.length} more)` : ""}`;
  return new CallFailure({
    code: status.INVALID_ARGUMENT,
    reason: ErrorReason.FIELD_INVALID,
    message,
    violations,
  });
}

/** The failure itself when it is one; else INTERNAL with the error as its cause, and nothing of it in the message. */
export function asCallFailure(error: unknown): CallFailure {
  if (error instanceof CallFailure) return error;
  return new CallFailure({
    code: status.INTERNAL,
    reason: ErrorReason.INTERNAL,
    message: "The call failed by a defect; the log of the service tells more.",
    cause: error,
  });
}

/** Violations without what a decoder adds to its messages. */
export function plainViolations(violations: readonly Violation[]): Violation[] {
  return violations.map(({ field, description }) => ({ field, description }));
}

/** "RUN_NOT_FOUND" for ErrorReason.RUN_NOT_FOUND; "UNSPECIFIED" for a number that is none. */
export function reasonName(reason: ErrorReason): string {
  return ErrorReasonSchema.value[reason]?.localName ?? "UNSPECIFIED";
}

const reasonsByName = new Map(
  ErrorReasonSchema.values.map((value) => [value.localName, value.number as ErrorReason] as const),
);

/** ErrorReason.RUN_NOT_FOUND for "RUN_NOT_FOUND"; undefined for a name that is none. */
export function reasonFromName(name: string): ErrorReason | undefined {
  return reasonsByName.get(name);
}
