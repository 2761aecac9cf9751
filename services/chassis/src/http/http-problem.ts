import { status } from "@grpc/grpc-js";
import { ErrorReason } from "@windlass/proto";
import { asCallFailure, CallFailure, reasonName } from "@windlass/proto/grpc";

/** Why a request failed, as HTTP says it: for what gRPC has no code of its own. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";
  readonly status: number;
  readonly reason: ErrorReason;

  constructor(httpStatus: number, reason: ErrorReason, message: string) {
    super(message);
    this.status = httpStatus;
    this.reason = reason;
  }
}

/** The problem that an error is to the caller. Nothing is told of a defect. */
export function asHttpProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  const { code, reason, message } = asCallFailure(error);
  return new HttpProblem(httpStatusOf(code), reason, message);
}

/** Whether an error is a refusal, which the caller is told, and not a defect, which the log is told. */
export function isRefusal(error: unknown): boolean {
  return error instanceof HttpProblem || error instanceof CallFailure;
}

/** The body of a failed answer. */
export function problemJson({ reason, message }: HttpProblem): string {
  return JSON.stringify({ error: { reason: reasonName(reason), message } });
}

/** As google.rpc.Code documents it. */
function httpStatusOf(code: status): number {
  switch (code) {
    case status.INVALID_ARGUMENT:
    case status.FAILED_PRECONDITION:
    case status.OUT_OF_RANGE:
      return 400;
    case status.UNAUTHENTICATED:
      return 401;
    case status.PERMISSION_DENIED:
      return 403;
    case status.NOT_FOUND:
      return 404;
    case status.ALREADY_EXISTS:
    case status.ABORTED:
      return 409;
    case status.RESOURCE_EXHAUSTED:
      return 429;
    case status.CANCELLED:
      return 499;
    case status.UNAVAILABLE:
      return 503;
    case status.DEADLINE_EXCEEDED:
      return 504;
    default:
      return 500;
  }
}
