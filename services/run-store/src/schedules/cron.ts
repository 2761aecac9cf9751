import { Cron as Croner } from "croner";

/** When a schedule ticks: five fields, in a time zone. */
export interface CronRule {
  readonly expression: string;
  /** An IANA name. */
  readonly timezone: string;
}

/** What is wrong with a rule, and with which part of it. */
export interface CronProblem {
  readonly part: "expression" | "timezone";
  readonly description: string;
}

export const UTC = "UTC";

const MAX_EXPRESSION_CHARACTERS = 128;
const FIELDS = /^[0-9A-Za-z*,/#-]+( [0-9A-Za-z*,/#-]+){4}$/;
/** Names of zones begin with a letter; offsets such as "+01:00", which Intl accepts too, do not. */
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/;

/** Whether the machine's time zone data knows the name. */
export function isTimezone(name: string): boolean {
  if (!ZONE_NAME.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Every zone that a schedule may be listed under, sorted. */
export function listTimezones(): string[] {
  return Array.from(new Set([...Intl.supportedValuesOf("timeZone"), UTC])).toSorted();
}

/** What is wrong with a rule; undefined when it ticks some time after `nowMs`. */
export function findCronProblem(rule: CronRule, nowMs: number): CronProblem | undefined {
  if (!isTimezone(rule.timezone))
    return { part: "timezone", description: 'must be an IANA time zone such as "Europe/Berlin", or empty for UTC.' };
  const { expression } = rule;
  if (expression.length > MAX_EXPRESSION_CHARACTERS || !FIELDS.test(expression)) {
    return {
      part: "expression",
      description: `must be five fields (minute, hour, day of month, month, day of week) with one space between, at most ${MAX_EXPRESSION_CHARACTERS} characters.`,
    };
  }
  try {
    return nextTick(rule, nowMs) === undefined
      ? { part: "expression", description: "never ticks: there is no such day." }
      : undefined;
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    return { part: "expression", description: `is no cron expression: ${error.message.replace(/^CronPattern: /, "")}` };
  }
}

/**
 * The first tick after a moment, in milliseconds since 1970; undefined when there is none.
 *
 * A rule whose minutes and hours are plain numbers, lists or ranges says times of day: one that a change to summer time leaves out is the first moment after the gap, and one
 * that comes twice ticks the first time. A rule with `*` or a step there says a rhythm, which no change of the clocks stops: it skips what is left out, and ticks both times.
 */
export function nextTick(rule: CronRule, afterMs: number): number | undefined {
  return croner(rule).nextRun(new Date(afterMs))?.getTime();
}

/** The first ticks after a moment, at most `count`. */
export function upcomingTicks(rule: CronRule, afterMs: number, count: number): number[] {
  return croner(rule)
    .nextRuns(count, new Date(afterMs))
    .map((date) => date.getTime());
}

/** The last ticks before one, at most `count`, oldest first. Some 0.3 ms each. */
export function previousTicks(rule: CronRule, beforeMs: number, count: number): number[] {
  return croner(rule)
    .previousRuns(count, new Date(beforeMs))
    .map((date) => date.getTime())
    .toReversed();
}

/**
 * The latest tick up to `nowMs`, of a rule that ticked at `firstMs`. However many there were in between: halving the time that is left takes some thirty looks for a century.
 */
export function latestTick(rule: CronRule, firstMs: number, nowMs: number): number {
  let latestMs = firstMs;
  let endMs = nowMs;
  while (endMs - latestMs >= SHORTEST_INTERVAL_MS) {
    const middleMs = latestMs + Math.floor((endMs - latestMs) / 2);
    const tickMs = nextTick(rule, middleMs);
    if (tickMs !== undefined && tickMs <= nowMs) latestMs = tickMs;
    else endMs = middleMs;
    // Nothing ticks between the two: the next tick after the latest is beyond now.
    if (endMs <= latestMs) break;
  }
  const following = nextTick(rule, latestMs);
  return following !== undefined && following <= nowMs ? latestTick(rule, following, nowMs) : latestMs;
}

const SHORTEST_INTERVAL_MS = 60_000;

/** Nothing of it runs: it is asked for moments only. */
function croner({ expression, timezone }: CronRule): Croner {
  return new Croner(expression, { timezone, mode: "5-part", fixedTimeRule: "no-wildcard", paused: true });
}
