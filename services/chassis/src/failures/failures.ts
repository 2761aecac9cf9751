import { status } from "@grpc/grpc-js";
import { ErrorReason } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";

/** UNAVAILABLE, NOT_READY: something this needs cannot be reached just now. Nothing or everything may have been done. */
export function notReady(message: string, cause?: unknown): CallFailure {
  return new CallFailure({ code: status.UNAVAILABLE, reason: ErrorReason.NOT_READY, message, cause });
}

/** RESOURCE_EXHAUSTED, OVERLOADED: more is waiting than is accepted (I10). Nothing was done. */
export function overloaded(message: string): CallFailure {
  return new CallFailure({ code: status.RESOURCE_EXHAUSTED, reason: ErrorReason.OVERLOADED, message });
}
