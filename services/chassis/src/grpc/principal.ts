import { hash, timingSafeEqual } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { ErrorReason } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";

/** Who calls, as its credential says. */
export type Principal =
  | { readonly kind: "environment"; readonly environmentId: string }
  /** Whoever was handed a public access token: may read these runs, and nothing else. */
  | { readonly kind: "public"; readonly environmentId: string; readonly runIds: ReadonlySet<string> }
  | { readonly kind: "internal" }
  | { readonly kind: "admin" };

/** The header by which a service that carries the internal token says for which environment it calls. */
export const ACTING_FOR_HEADER = "windlass-environment-id";

/**
 * Tells who calls from the bearer token (undefined when none was sent), the method ("windlass.v1.RunService/GetRun"), and the environment that the caller says it
 * acts for, if any. Throws {@link apiKeyInvalid} or {@link notPermitted} to refuse.
 */
export type Authenticate = (token: string | undefined, method: string, actingFor?: string) => Promise<Principal>;

/** For servers that only other services call: the shared internal token, compared in constant time. */
export function internalAuthenticator(internalToken: string): Authenticate {
  const isInternal = tokenMatcher(internalToken);
  return (token) => (isInternal(token) ? Promise.resolve({ kind: "internal" }) : Promise.reject(apiKeyInvalid()));
}

/** Whether a token is the expected one, told in a time that says nothing about how much of it is right. */
export function tokenMatcher(expected: string): (token: string | undefined) => boolean {
  const expectedHash = sha256(expected);
  return (token) => token !== undefined && timingSafeEqual(sha256(token), expectedHash);
}

/** UNAUTHENTICATED: no credential, or not one of ours. */
export function apiKeyInvalid(
  message = "The call carries no valid credential; send `authorization: Bearer <key>`.",
): CallFailure {
  return new CallFailure({ code: status.UNAUTHENTICATED, reason: ErrorReason.API_KEY_INVALID, message });
}

/** PERMISSION_DENIED: the credential is valid, but not for this call. */
export function notPermitted(method: string): CallFailure {
  return new CallFailure({
    code: status.PERMISSION_DENIED,
    reason: ErrorReason.NOT_PERMITTED,
    message: `This credential does not allow ${method}.`,
  });
}

function sha256(text: string): Buffer {
  return hash("sha256", text, "buffer");
}
