import { Code, ConnectError } from "@connectrpc/connect";
import { type CallError, CallErrorSchema, ErrorReason } from "@windlass/proto";

/** What the cluster said about a call that failed; undefined when the failure came from somewhere on the way to it. */
function callErrorOf(error: unknown): CallError | undefined {
  return error instanceof ConnectError ? error.findDetails(CallErrorSchema)[0] : undefined;
}

/** The closed reason of a failed call; UNSPECIFIED when it did not reach the cluster. */
export function reasonOf(error: unknown): ErrorReason {
  return callErrorOf(error)?.reason ?? ErrorReason.UNSPECIFIED;
}

/** Failures that the dashboard's own server gives: it was reached, and waiting changes nothing. */
const OWN_REFUSALS: ReadonlySet<Code> = new Set([
  Code.Unauthenticated,
  Code.PermissionDenied,
  Code.Unimplemented,
  Code.ResourceExhausted,
  Code.Canceled,
]);

/** Whether a call failed because the dashboard or the cluster cannot be reached just now: it can be tried again, and will be. */
export function isDisconnection(error: unknown): boolean {
  const told = callErrorOf(error);
  if (told !== undefined) return told.reason === ErrorReason.NOT_READY;
  return !(error instanceof ConnectError && OWN_REFUSALS.has(error.code));
}

/** Whether the session is over: its cookie has expired, or its key was revoked. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ConnectError && error.code === Code.Unauthenticated;
}

/** The failure as a sentence for people. */
export function failureText(error: unknown): string {
  const told = callErrorOf(error);
  if (told !== undefined) {
    const fields = told.violations.map(({ field, description }) => `${field} ${description}`);
    return fields.length > 1 ? `${told.message}: ${fields.join("; ")}` : told.message;
  }
  if (isDisconnection(error)) return "The cluster cannot be reached just now.";
  return error instanceof ConnectError ? error.rawMessage : String(error);
}
