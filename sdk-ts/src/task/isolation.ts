import { describeValue } from "./check-options.ts";

const isolations = ["reused", "fresh"] as const;

/**
 * "reused": processes execute one run after another, which costs nothing between them. "fresh": each attempt gets a process
 * that has executed nothing before, and that ends with it.
 */
export type Isolation = (typeof isolations)[number];

/** Undefined means "reused". Throws a TypeError that names the option and its values. */
export function resolveIsolation(owner: string, isolation: unknown): Isolation {
  if (isolation === undefined) return "reused";
  const known = isolations.find((name) => name === isolation);
  if (known === undefined) {
    throw new TypeError(`isolation of ${owner} must be "reused" or "fresh", got ${describeValue(isolation)}`);
  }
  return known;
}
