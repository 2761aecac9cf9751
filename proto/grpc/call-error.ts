import { create } from "@bufbuild/protobuf";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { type CallError, CallErrorSchema } from "../gen/windlass/v1/call_error_pb.ts";
import { CallFailure, plainViolations } from "./call-failure.ts";

/** The failure as an item of a stream or batch carries it. */
export function callErrorFromFailure(failure: CallFailure): CallError {
  return create(CallErrorSchema, {
    code: failure.code,
    reason: failure.reason,
    message: failure.message,
    violations: failure.violations.map(({ field, description }) => ({ field, description })),
    ...(failure.retryAfterMs !== undefined && { retryAfter: durationFromMs(failure.retryAfterMs) }),
  });
}

/** The failure that an item of a stream or batch carries. */
export function callFailureFromError(error: CallError): CallFailure {
  return new CallFailure({
    code: statusCode(error.code),
    reason: error.reason,
    message: error.message,
    violations: plainViolations(error.violations),
    retryAfterMs: error.retryAfter && durationMs(error.retryAfter),
  });
}

const codes = new Map(
  Object.values(status).flatMap((code) => (typeof code === "number" ? [[code as number, code]] : [])),
);

/** A code that this side does not know is UNKNOWN. */
function statusCode(code: number): status {
  return codes.get(code) ?? status.UNKNOWN;
}
