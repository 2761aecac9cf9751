import type { WindlassErrorReason } from "../../client/windlass-error.ts";

/**
 * Whether a call of the SDK was refused for what it asked, so that asking again changes nothing: what HTTP says with
 * 4xx, but for 408 and 429. Recognised by name, so that an error of another copy of the SDK counts. Never throws.
 */
export function isRefusedCall(thrown: unknown): boolean {
  try {
    return (
      thrown instanceof Error && thrown.name === "WindlassError" && "reason" in thrown && refusals.has(thrown.reason)
    );
  } catch {
    return false; // A getter or a proxy that throws is not ours.
  }
}

const refusals: ReadonlySet<unknown> = new Set<WindlassErrorReason>([
  "NOT_CONFIGURED",
  "API_KEY_INVALID",
  "NOT_PERMITTED",
  "FIELD_INVALID",
  "RUN_NOT_FOUND",
  "TOKEN_NOT_FOUND",
  "DEPLOYMENT_NOT_FOUND",
  "ENVIRONMENT_NOT_FOUND",
  "API_KEY_NOT_FOUND",
  "ENVIRONMENT_EXISTS",
  "RUN_NOT_DELAYED",
  "BUNDLE_CORRUPT",
  "METHOD_UNKNOWN",
]);
