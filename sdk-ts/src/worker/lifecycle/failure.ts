import { isAbortTaskRunError } from "../../task/abort-task-run-error.ts";
import type { NotReturned } from "./call-reported.ts";
import type { LifecycleFailure } from "./lifecycle-attempt.ts";
import type { LayerFailure } from "./middleware-onion.ts";

/** The failure of the attempt that a function has caused. */
export function failureOf({ kind, thrown }: NotReturned | LayerFailure): LifecycleFailure {
  switch (kind) {
    case "uncaught":
      return { code: "UNCAUGHT_EXCEPTION", thrown, skipRetry: false };
    case "next not called":
      return { code: "MIDDLEWARE_NEXT_NOT_CALLED", thrown, skipRetry: false };
    default:
      return isAbortTaskRunError(thrown)
        ? { code: "TASK_ABORTED", thrown, skipRetry: true }
        : { code: "TASK_ERROR", thrown, skipRetry: false };
  }
}
