import type { Violation } from "@windlass/proto/grpc";

/** The bounds of a number, both included. */
export interface NumberRule {
  readonly min: number;
  readonly max: number;
}

/** Returns the whole number, having noted a violation when it is out of bounds. Takes int64 fields too, which arrive as bigint. */
export function parseInteger(value: number | bigint, rule: NumberRule, field: string, violations: Violation[]): number {
  if (value < rule.min || value > rule.max)
    violations.push({ field, description: `must be a whole number from ${rule.min} to ${rule.max}; it is ${value}.` });
  return Number(value);
}

/** Returns the number, having noted a violation when it is out of bounds or not a number. */
export function parseDouble(value: number, rule: NumberRule, field: string, violations: Violation[]): number {
  if (!(value >= rule.min && value <= rule.max))
    violations.push({ field, description: `must be a number from ${rule.min} to ${rule.max}; it is ${value}.` });
  return value;
}
