import { invalidField } from "./windlass-error.ts";

/** Throws FIELD_INVALID for an option that nothing would look at. */
export function refuseUnknownOptions(options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw invalidField(`options.${unknown}`, `is not an option here; there is ${known.join(", ")}.`);
}

/** How many items a page has: 1 to 1,000. Zero stands for the cluster's own choice. */
export function checkPageSize(limit: number | undefined): number {
  if (limit === undefined) return 0;
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1_000) return limit;
  throw invalidField("options.limit", "must be a whole number from 1 to 1,000.");
}
