import { describeValue, refuseUnknownKeys } from "./check-options.ts";

/** What `queue()` takes. */
export interface QueueDefinition {
  /** 1 to 128 characters of A-Z a-z 0-9 _ - / . */
  readonly name: string;
  /** How many runs of the queue may execute at once: 1 to 100,000. Default: without limit. */
  readonly concurrencyLimit?: number | undefined;
}

/** A task's `queue`: what `queue()` returned, or the same inline. Without a name it sets the limit of the task's own queue. */
export type QueueOption =
  | QueueDefinition
  | { readonly name?: undefined; readonly concurrencyLimit?: number | undefined };

/** A queue as a task has it. */
export interface TaskQueue {
  /** Empty: the task's own, "task/<id>". */
  readonly name: string;
  /** Undefined: without limit. */
  readonly concurrencyLimit: number | undefined;
}

/**
 * Defines a queue that several tasks may share. Tasks that name the same queue with different limits cannot be
 * deployed together. Throws a TypeError that names the option and its limit.
 */
export function queue(definition: QueueDefinition): QueueDefinition {
  if (typeof definition !== "object" || definition?.name === undefined)
    throw new TypeError("queue() takes an object with a name");
  const { name, concurrencyLimit } = resolveQueue("queue()", definition);
  return { name, ...(concurrencyLimit !== undefined && { concurrencyLimit }) };
}

/** Throws a TypeError that names the owner, the option and its limit. */
export function resolveQueue(owner: string, queue: unknown): TaskQueue {
  if (queue === undefined) return OWN_QUEUE;
  if (typeof queue !== "object" || queue === null)
    throw new TypeError(`queue of ${owner} must be an object with a name or a concurrencyLimit`);
  refuseUnknownKeys(`queue of ${owner}`, queue, ["name", "concurrencyLimit"]);
  const { name, concurrencyLimit } = queue as { readonly name?: unknown; readonly concurrencyLimit?: unknown };
  if (!isQueueName(name)) {
    throw new TypeError(
      `queue.name of ${owner} must be 1 to 128 characters of A-Z a-z 0-9 _ - / ., got ${describeValue(name)}`,
    );
  }
  if (!isConcurrencyLimit(concurrencyLimit)) {
    throw new TypeError(
      `queue.concurrencyLimit of ${owner} must be a whole number from 1 to 100,000, got ${describeValue(concurrencyLimit)}`,
    );
  }
  return { name: name ?? "", concurrencyLimit };
}

const OWN_QUEUE: TaskQueue = { name: "", concurrencyLimit: undefined };
const MAX_CONCURRENCY = 100_000;

function isQueueName(name: unknown): name is string | undefined {
  return name === undefined || (typeof name === "string" && /^[\w\-/.]{1,128}$/.test(name));
}

function isConcurrencyLimit(limit: unknown): limit is number | undefined {
  return limit === undefined || (Number.isInteger(limit) && Number(limit) >= 1 && Number(limit) <= MAX_CONCURRENCY);
}
