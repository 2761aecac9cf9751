/**
 * Thrown by a task that knows another attempt would not help: the run ends FAILED at once, whatever its retry options say.
 */
export class AbortTaskRunError extends Error {
  override readonly name: string = "AbortTaskRunError";
}

/** Recognises the error by name too, so that one thrown by another copy of the SDK counts. Never throws, whatever it is given. */
export function isAbortTaskRunError(thrown: unknown): boolean {
  try {
    return thrown instanceof AbortTaskRunError || (thrown instanceof Error && thrown.name === "AbortTaskRunError");
  } catch {
    return false; // A getter or a proxy that throws is not ours.
  }
}
