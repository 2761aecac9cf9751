import { DURATION_LIMIT, parseDurationMs } from "../client/duration.ts";
import { describeValue, refuseUnknownKeys } from "./check-options.ts";

/** How many runs of a queue may begin in a period: evenly spread, with bursts of up to `limit`. */
export interface RateLimitOption {
  /** Runs per period: 1 to 1,000,000. */
  readonly limit: number;
  /** "30s", "1m", "1h", or seconds: 1 s to 24 h. */
  readonly period: string | number;
  /** True: for each concurrency key by itself. Default: for the whole queue. */
  readonly perKey?: boolean | undefined;
}

/** What a queue allows. */
export interface QueueLimits {
  /** How many runs of the queue may execute at once, for each concurrency key by itself: 1 to 100,000. Default: without limit. */
  readonly concurrencyLimit?: number | undefined;
  /** How many may begin in a period. Default: without limit. */
  readonly rateLimit?: RateLimitOption | undefined;
  /** How many may wait, 1 to 10,000,000: more triggers are refused with QUEUE_FULL. Default: without limit. */
  readonly maxLength?: number | undefined;
}

/** What `queue()` takes. */
export interface QueueDefinition extends QueueLimits {
  /** 1 to 128 characters of A-Z a-z 0-9 _ - / . */
  readonly name: string;
}

/** A task's `queue`: what `queue()` returned, or the same inline. Without a name it sets the limits of the task's own queue. */
export type QueueOption = QueueDefinition | (QueueLimits & { readonly name?: undefined });

/** A queue as a task has it. */
export interface TaskQueue {
  /** Empty: the task's own, "task/<id>". */
  readonly name: string;
  /** Undefined: without limit. */
  readonly concurrencyLimit: number | undefined;
  /** Undefined: none. */
  readonly rateLimit: TaskRateLimit | undefined;
  /** Undefined: without limit. */
  readonly maxLength: number | undefined;
}

/** A rate limit as a task has it. */
export interface TaskRateLimit {
  readonly limit: number;
  readonly periodMs: number;
  readonly isPerKey: boolean;
}

const LIMIT_NAMES = ["concurrencyLimit", "rateLimit", "maxLength"] as const satisfies (keyof QueueLimits)[];
const RATE_LIMIT_NAMES = ["limit", "period", "perKey"] as const satisfies (keyof RateLimitOption)[];
const OWN_QUEUE: TaskQueue = { name: "", concurrencyLimit: undefined, rateLimit: undefined, maxLength: undefined };
const MAX_CONCURRENCY = 100_000;
const MAX_LENGTH = 10_000_000;
const MAX_RATE = 1_000_000;
const PERIOD_MS = { min: 1_000, max: 86_400_000 };

/**
 * Defines a queue that several tasks may share. Tasks that name the same queue with different limits cannot be
 * deployed together. Throws a TypeError that names the option and its limit.
 */
export function queue(definition: QueueDefinition): QueueDefinition {
  if (typeof definition !== "object" || definition?.name === undefined)
    throw new TypeError("queue() takes an object with a name");
  resolveQueue("queue()", definition);
  const said = LIMIT_NAMES.flatMap((name) => (definition[name] === undefined ? [] : [[name, definition[name]]]));
  return { name: definition.name, ...(Object.fromEntries(said) as QueueLimits) };
}

/** Throws a TypeError that names the owner, the option and its limit. */
export function resolveQueue(owner: string, queue: unknown): TaskQueue {
  if (queue === undefined) return OWN_QUEUE;
  if (typeof queue !== "object" || queue === null)
    throw new TypeError(`queue of ${owner} must be an object with a name or limits`);
  refuseUnknownKeys(`queue of ${owner}`, queue, ["name", ...LIMIT_NAMES]);
  const { name, concurrencyLimit, rateLimit, maxLength } = queue as Readonly<Record<string, unknown>>;
  if (name !== undefined && !isQueueName(name)) {
    throw new TypeError(`queue.name of ${owner} must be ${QUEUE_NAME_LIMIT}, got ${describeValue(name)}`);
  }
  return {
    name: name ?? "",
    concurrencyLimit: resolveWhole(`queue.concurrencyLimit of ${owner}`, concurrencyLimit, MAX_CONCURRENCY),
    rateLimit: resolveRateLimit(owner, rateLimit),
    maxLength: resolveWhole(`queue.maxLength of ${owner}`, maxLength, MAX_LENGTH),
  };
}

/** What the name of a queue may be, in words. */
export const QUEUE_NAME_LIMIT = "1 to 128 characters of A-Z a-z 0-9 _ - / .";

export function isQueueName(name: unknown): name is string {
  return typeof name === "string" && /^[\w\-/.]{1,128}$/.test(name);
}

function resolveRateLimit(owner: string, rateLimit: unknown): TaskRateLimit | undefined {
  if (rateLimit === undefined) return undefined;
  const what = `queue.rateLimit of ${owner}`;
  if (typeof rateLimit !== "object" || rateLimit === null)
    throw new TypeError(`${what} must be an object with limit and period`);
  refuseUnknownKeys(what, rateLimit, RATE_LIMIT_NAMES);
  const { limit, period, perKey } = rateLimit as Readonly<Record<string, unknown>>;
  const checkedLimit = resolveWhole(`queue.rateLimit.limit of ${owner}`, limit, MAX_RATE);
  if (checkedLimit === undefined) throw new TypeError(`${what} has no limit`);
  if (perKey !== undefined && typeof perKey !== "boolean")
    throw new TypeError(`queue.rateLimit.perKey of ${owner} must be true or false, got ${describeValue(perKey)}`);
  return { limit: checkedLimit, periodMs: resolvePeriodMs(owner, period), isPerKey: perKey === true };
}

function resolvePeriodMs(owner: string, period: unknown): number {
  const periodMs =
    typeof period === "number" ? period * 1_000 : parseDurationMs(typeof period === "string" ? period : "");
  if (periodMs !== undefined && periodMs >= PERIOD_MS.min && periodMs <= PERIOD_MS.max) return Math.round(periodMs);
  throw new TypeError(
    `queue.rateLimit.period of ${owner} must be a number of seconds, or ${DURATION_LIMIT}; from 1 s to 24 h, got ${describeValue(period)}`,
  );
}

function resolveWhole(what: string, value: unknown, max: number): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= max) return Number(value);
  throw new TypeError(
    `${what} must be a whole number from 1 to ${max.toLocaleString("en")}, got ${describeValue(value)}`,
  );
}
