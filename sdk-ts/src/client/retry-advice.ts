import { WindlassError, type WindlassErrorReason } from "./windlass-error.ts";

/** What a failed call says about trying the attempt that it failed again. */
export type RetryAdvice =
  /** The same call would be refused again. */
  | { readonly skipRetrying: true }
  /** It cannot succeed before then. */
  | { readonly retryAt: Date };

/** Refusals that the network and the cluster's load have no part in: what HTTP calls 4xx, without 408 and 429. */
const REFUSED: ReadonlySet<WindlassErrorReason> = new Set<WindlassErrorReason>([
  "NOT_CONFIGURED",
  "API_KEY_INVALID",
  "NOT_PERMITTED",
  "FIELD_INVALID",
  "METHOD_UNKNOWN",
  "RUN_NOT_FOUND",
  "RUN_NOT_DELAYED",
  "TOKEN_NOT_FOUND",
  "DEPLOYMENT_NOT_FOUND",
  "ENVIRONMENT_NOT_FOUND",
  "ENVIRONMENT_EXISTS",
  "API_KEY_NOT_FOUND",
  "QUEUE_NOT_FOUND",
  "SCHEDULE_NOT_FOUND",
  "SCHEDULE_DECLARATIVE",
  "BATCH_NOT_FOUND",
  "BUNDLE_CORRUPT",
]);

/**
 * Classifies what a task threw: undefined for whatever is no WindlassError, and for one that a retry by the usual policy may help. Recognises the error by name too, so
 * that one thrown by another copy of the SDK counts. Never throws, whatever it is given.
 */
export function retryAdviceOf(error: unknown): RetryAdvice | undefined {
  try {
    if (!isWindlassError(error)) return undefined;
    if (REFUSED.has(error.reason)) return { skipRetrying: true };
    const { retryAt } = error;
    return retryAt instanceof Date && !Number.isNaN(retryAt.getTime()) ? { retryAt } : undefined;
  } catch {
    return undefined; // A getter or a proxy that throws is not ours.
  }
}

function isWindlassError(error: unknown): error is WindlassError {
  return error instanceof WindlassError || (error instanceof Error && error.name === "WindlassError");
}
