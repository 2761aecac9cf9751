import { notPermitted, type ServiceCall } from "@windlass/chassis";
import { runNotFound } from "../failures.ts";
import { isReadable, type ReadableRuns } from "../runs/readable-runs.ts";

/** The environment that a call's API key belongs to. Throws NOT_PERMITTED for callers of another kind, whom the authenticator has refused before. */
export function environmentOf(call: ServiceCall): string {
  if (call.principal.kind !== "environment") throw notPermitted(call.method);
  return call.principal.environmentId;
}

/** What a caller with an API key or a public access token may read. Throws NOT_PERMITTED for others. */
export function readableBy(call: ServiceCall): ReadableRuns {
  if (call.principal.kind !== "public") return { environmentId: environmentOf(call), runIds: undefined };
  return call.principal;
}

/** The environment in which the caller may read the run. Throws RUN_NOT_FOUND for a run that its public access token does not name, as for one that does not exist. */
export function environmentToRead(call: ServiceCall, runId: string): string {
  const readable = readableBy(call);
  if (!isReadable(readable, runId)) throw runNotFound(runId);
  return readable.environmentId;
}
