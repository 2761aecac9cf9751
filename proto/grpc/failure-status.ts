import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { anyPack, anyUnpack, durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import { Metadata, status, type StatusObject } from "@grpc/grpc-js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../gen/google/rpc/error_details_pb.ts";
import { type Status, StatusSchema } from "../gen/google/rpc/status_pb.ts";
import { ErrorReason } from "../gen/windlass/v1/error_reason_pb.ts";
import {
  CallFailure,
  type Violation,
  asCallFailure,
  plainViolations,
  reasonFromName,
  reasonName,
} from "./call-failure.ts";

/** The trailer in which every gRPC library looks for a google.rpc.Status. */
const DETAILS_TRAILER = "grpc-status-details-bin";
/** The `domain` of our ErrorInfo. */
const DOMAIN = "windlass";

// Trailers must stay well below the 64 KB of headers that HTTP/2 peers accept by default; base64 adds a third.
const MAX_MESSAGE_CHARS = 1000;
const MAX_VIOLATIONS = 50;
const MAX_FIELD_CHARS = 200;
const MAX_DESCRIPTION_CHARS = 300;

/** The status with which a call ends because of this failure: ErrorInfo always, BadRequest and RetryInfo where they apply. Long texts and lists are cut. */
export function callFailureToServiceError(failure: CallFailure): StatusObject {
  const message = cut(failure.message, MAX_MESSAGE_CHARS);
  const details = [
    anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: reasonName(failure.reason), domain: DOMAIN })),
  ];
  if (failure.violations.length > 0) {
    const fieldViolations = failure.violations.slice(0, MAX_VIOLATIONS).map(({ field, description }) => ({
      field: cut(field, MAX_FIELD_CHARS),
      description: cut(description, MAX_DESCRIPTION_CHARS),
    }));
    details.push(anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations })));
  }
  if (failure.retryAfterMs !== undefined) {
    details.push(
      anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay: durationFromMs(failure.retryAfterMs) })),
    );
  }
  const metadata = new Metadata();
  const bytes = toBinary(StatusSchema, create(StatusSchema, { code: failure.code, message, details }));
  metadata.set(DETAILS_TRAILER, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return { code: failure.code, details: message, metadata };
}

/** Reads the failure out of whatever grpc-js ended a call with. A status without our ErrorInfo gets the reason that its code implies. */
export function callFailureFromServiceError(error: unknown): CallFailure {
  if (error instanceof CallFailure || !isStatus(error)) return asCallFailure(error);
  const stated = readDetails(error.metadata);
  return new CallFailure({
    code: error.code,
    reason: stated.reason ?? impliedReason(error.code, error.details),
    message: error.details === "" ? `The call ended with ${status[error.code] ?? error.code}.` : error.details,
    violations: stated.violations,
    retryAfterMs: stated.retryAfterMs,
  });
}

/** Whether a status already carries a google.rpc.Status. */
export function hasStatusDetails(metadata: Metadata | null | undefined): boolean {
  return metadata !== undefined && metadata !== null && metadata.get(DETAILS_TRAILER).length > 0;
}

/** The reason of a status that says none: made by a network, a proxy, grpc itself or a server of another kind. */
export function impliedReason(code: status, details: string): ErrorReason {
  switch (code) {
    case status.INVALID_ARGUMENT:
    case status.OUT_OF_RANGE:
      return ErrorReason.FIELD_INVALID;
    case status.UNAUTHENTICATED:
      return ErrorReason.API_KEY_INVALID;
    case status.PERMISSION_DENIED:
      return ErrorReason.NOT_PERMITTED;
    case status.UNAVAILABLE:
      return ErrorReason.NOT_READY;
    // grpc-js answers a method that it does not know before anybody can give the answer a type.
    case status.UNIMPLEMENTED:
      return ErrorReason.METHOD_UNKNOWN;
    case status.CANCELLED:
    case status.DEADLINE_EXCEEDED:
      return ErrorReason.CALL_ENDED;
    case status.RESOURCE_EXHAUSTED:
      // grpc-js ends a call so when a message is beyond the size limit: no later try can succeed.
      return /larger than|larger size/.test(details) ? ErrorReason.FIELD_INVALID : ErrorReason.OVERLOADED;
    default:
      return ErrorReason.INTERNAL;
  }
}

interface StatedDetails {
  readonly reason?: ErrorReason;
  readonly violations: readonly Violation[];
  readonly retryAfterMs?: number;
}

const NOTHING_STATED: StatedDetails = { violations: [] };

function readDetails(metadata: Metadata | undefined): StatedDetails {
  const [bytes] = metadata?.get(DETAILS_TRAILER) ?? [];
  if (!(bytes instanceof Uint8Array)) return NOTHING_STATED;
  let statusMessage: Status;
  try {
    statusMessage = fromBinary(StatusSchema, bytes);
  } catch {
    // Not a google.rpc.Status: the code and message of the call are all there is to tell.
    return NOTHING_STATED;
  }
  let reason: ErrorReason | undefined;
  let violations: readonly Violation[] = [];
  let retryAfterMs: number | undefined;
  for (const detail of statusMessage.details) {
    const info = anyUnpack(detail, ErrorInfoSchema);
    if (info?.domain === DOMAIN) reason = reasonFromName(info.reason);
    const badRequest = anyUnpack(detail, BadRequestSchema);
    if (badRequest !== undefined) violations = plainViolations(badRequest.fieldViolations);
    const retryDelay = anyUnpack(detail, RetryInfoSchema)?.retryDelay;
    if (retryDelay !== undefined) retryAfterMs = durationMs(retryDelay);
  }
  return {
    ...(reason === undefined ? {} : { reason }),
    violations,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

function isStatus(error: unknown): error is StatusObject {
  return (
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    typeof error.code === "number" &&
    "details" in error &&
    typeof error.details === "string"
  );
}

/** Cut, and made well-formed: grpc-js percent-encodes the message, which throws on a lone surrogate. */
function cut(text: string, maxChars: number): string {
  return (text.length > maxChars ? `${text.slice(0, maxChars - 1)}…` : text).toWellFormed();
}
