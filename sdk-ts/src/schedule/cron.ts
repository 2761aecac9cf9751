import type { CatchUp } from "@windlass/proto";
import { Cron } from "croner";
import { describeValue, refuseUnknownKeys } from "../task/check-options.ts";

/** When a schedule ticks, checked. */
export interface CheckedCron {
  /** Five fields. */
  readonly expression: string;
  /** Empty: UTC. */
  readonly timezone: string;
  /** Absent: the latest. */
  readonly catchUp?: CatchUp;
}

/** A task's `cron`: "0 9 * * 1-5" in UTC, or the same with a time zone. */
export type CronOption = string | { readonly pattern: string; readonly timezone?: string | undefined };

const MAX_EXPRESSION_CHARACTERS = 128;
/** What a field may be made of; the cluster takes no other signs. */
const FIELDS = /^[0-9A-Za-z*,/#-]+(?: [0-9A-Za-z*,/#-]+){4}$/;

/** What is wrong with an expression, in words that follow the field's name; undefined when nothing is. */
export function cronProblem(expression: unknown): string | undefined {
  const isFiveFields =
    typeof expression === "string" &&
    expression.length <= MAX_EXPRESSION_CHARACTERS &&
    FIELDS.test(fieldsOf(expression));
  if (!isFiveFields) {
    return `must be a cron expression of five fields (minute, hour, day of month, month, day of week), got ${describeValue(expression)}`;
  }
  try {
    const isEver = new Cron(expression, { mode: "5-part", timezone: "UTC" }).nextRun() !== null;
    return isEver ? undefined : `is a moment that never comes: ${describeValue(expression)}`;
  } catch (error) {
    const detail = error instanceof Error ? error.message.replace(/^CronPattern: /, "") : String(error);
    return `is not a cron expression: ${describeValue(expression)} (${detail})`;
  }
}

/** The same for the name of a time zone. */
export function timezoneProblem(timezone: unknown): string | undefined {
  const isNamed = typeof timezone === "string" && /^[A-Za-z][\w+\-/]{0,63}$/.test(timezone);
  if (isNamed && isKnownZone(timezone)) return undefined;
  return `must be an IANA time zone such as "Europe/Berlin", got ${describeValue(timezone)}`;
}

/** Throws a TypeError that names the owner and what is wrong; undefined stays undefined. */
export function resolveCron(owner: string, cron: unknown): CheckedCron | undefined {
  if (cron === undefined) return undefined;
  if (typeof cron === "string")
    return { expression: fieldsOf(checked(`cron of ${owner}`, cron, cronProblem)), timezone: "" };
  if (typeof cron !== "object" || cron === null)
    throw new TypeError(`cron of ${owner} must be a cron expression, or an object with pattern and timezone`);
  refuseUnknownKeys(`cron of ${owner}`, cron, ["pattern", "timezone"]);
  const { pattern, timezone } = cron as { readonly pattern?: unknown; readonly timezone?: unknown };
  return {
    expression: fieldsOf(checked(`cron.pattern of ${owner}`, pattern, cronProblem)),
    timezone: timezone === undefined ? "" : checked(`cron.timezone of ${owner}`, timezone, timezoneProblem),
  };
}

/** An expression without the blanks that mean nothing. */
export function fieldsOf(expression: string): string {
  return expression.trim().replaceAll(/\s+/g, " ");
}

function checked(what: string, value: unknown, problemOf: (value: unknown) => string | undefined): string {
  const problem = problemOf(value);
  if (problem !== undefined) throw new TypeError(`${what} ${problem}`);
  return value as string;
}

function isKnownZone(timezone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: timezone }) instanceof Intl.DateTimeFormat;
  } catch {
    return false;
  }
}
