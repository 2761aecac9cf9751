import type { Violation } from "@windlass/proto/grpc";

/** The bounds of a number, both included. */
export interface NumberRule {
  readonly min: number;
  readonly max: number;
}

/** Less, and an attempt ends before its process is warm. The most that an int32 can say is how a trigger takes away the task's own limit. */
const MAX_DURATION_SECONDS = { min: 5, max: 2 ** 31 - 1 };

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

/** Returns the seconds that an attempt may run, null for 0, having noted a violation when there are too few. */
export function parseMaxDuration(seconds: number, field: string, violations: Violation[]): number | null {
  if (seconds === 0) return null;
  return parseInteger(seconds, MAX_DURATION_SECONDS, field, violations);
}
