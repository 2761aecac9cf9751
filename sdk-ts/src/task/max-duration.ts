import { describeValue } from "./check-options.ts";

const MIN_SECONDS = 5;
const MAX_SECONDS = 2_147_483_647;

/** Undefined stays undefined. Throws a TypeError that names the owner and the limit. */
export function resolveMaxDuration(owner: string, maxDuration: unknown): number | undefined {
  if (maxDuration === undefined) return undefined;
  if (Number.isInteger(maxDuration) && Number(maxDuration) >= MIN_SECONDS && Number(maxDuration) <= MAX_SECONDS) {
    return Number(maxDuration);
  }
  throw new TypeError(
    `maxDuration of ${owner} must be a whole number of seconds, at least ${MIN_SECONDS}, got ${describeValue(maxDuration)}`,
  );
}
