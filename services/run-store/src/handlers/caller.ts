import { notPermitted, type ServiceCall } from "@windlass/chassis";

/** The environment that a call's API key belongs to. Throws NOT_PERMITTED for callers of another kind, whom the authenticator has refused before. */
export function environmentOf(call: ServiceCall): string {
  if (call.principal.kind !== "environment") throw notPermitted(call.method);
  return call.principal.environmentId;
}
