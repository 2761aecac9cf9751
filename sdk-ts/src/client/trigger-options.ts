import { invalidField } from "./windlass-error.ts";

/** What may be said about a run beside its payload. */
export interface TriggerOptions {
  /** Overrides the task's queue: a name of 1 to 128 characters of A-Z a-z 0-9 _ - / . */
  readonly queue?: string | { readonly name: string };
  /** Overrides the task's retry.maxAttempts: 1 to 100. */
  readonly maxAttempts?: number;
  /** Labels, by which runs can be listed: at most 10, each 1 to 128 characters. One may be given alone. */
  readonly tags?: string | readonly string[];
  /** Marks the run as a test. */
  readonly isTest?: boolean;
}

/** The options as they travel. */
export interface CheckedTriggerOptions {
  readonly queue: string;
  readonly maxAttempts: number;
  readonly tags: string[];
  readonly isTest: boolean;
}

const NAMES = ["queue", "maxAttempts", "tags", "isTest"] as const satisfies (keyof TriggerOptions)[];
const NO_OPTIONS: CheckedTriggerOptions = { queue: "", maxAttempts: 0, tags: [], isTest: false };

/** Throws FIELD_INVALID naming the option and its limit; an option that does not exist is not ignored. */
export function checkTriggerOptions(options: TriggerOptions | undefined): CheckedTriggerOptions {
  if (options === undefined) return NO_OPTIONS;
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name as (typeof NAMES)[number]));
  if (unknown !== undefined)
    throw invalidField(`options.${unknown}`, `is not a trigger option; there are ${NAMES.join(", ")}.`);
  return {
    queue: checkQueue(options.queue),
    maxAttempts: checkMaxAttempts(options.maxAttempts),
    tags: checkTags(options.tags),
    isTest: options.isTest === true,
  };
}

function checkQueue(queue: TriggerOptions["queue"]): string {
  if (queue === undefined) return "";
  const name = typeof queue === "object" ? queue.name : queue;
  if (typeof name === "string" && /^[\w\-/.]{1,128}$/.test(name)) return name;
  throw invalidField("options.queue", "must be a name of 1 to 128 characters of A-Z a-z 0-9 _ - / .");
}

function checkMaxAttempts(maxAttempts: number | undefined): number {
  if (maxAttempts === undefined) return 0;
  if (Number.isInteger(maxAttempts) && maxAttempts >= 1 && maxAttempts <= 100) return maxAttempts;
  throw invalidField("options.maxAttempts", "must be a whole number from 1 to 100.");
}

function checkTags(tags: TriggerOptions["tags"]): string[] {
  if (tags === undefined) return [];
  const list = typeof tags === "string" ? [tags] : [...tags];
  if (list.length > 10) throw invalidField("options.tags", `must be at most 10; there are ${list.length}.`);
  for (const [index, tag] of list.entries()) {
    if (typeof tag !== "string" || tag === "" || tag.length > 128 || !tag.isWellFormed()) {
      throw invalidField(`options.tags[${index}]`, "must be a well-formed string of 1 to 128 characters.");
    }
  }
  return list;
}
