import type { Connection } from "./connection.ts";
import { retrying } from "./retrying.ts";
import { WindlassError, windlassErrorFrom } from "./windlass-error.ts";

/** Makes a call that may be repeated, while it fails in passing and time is left. Throws WindlassError. */
export async function callCluster<T>(
  { config }: Connection,
  call: (options: { timeoutMs: number }) => Promise<T>,
): Promise<T> {
  try {
    return await retrying(config.timeoutMs, call);
  } catch (error) {
    throw windlassErrorFrom(error);
  }
}

/** What an answer must hold. */
export function given<T>(value: T | undefined, what: string): T {
  if (value !== undefined) return value;
  throw new WindlassError("INTERNAL", `The cluster's answer says nothing of ${what}.`);
}
