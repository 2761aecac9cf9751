import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { RunOptionsSchema } from "@windlass/proto";
import { encodeMetadata, type MetadataObject } from "../content/metadata-content.ts";
import { UnencodableError } from "../content/find-unencodable.ts";
import { type MachineOption, machinePresets } from "../task/machine.ts";
import { checkDebounce, type DebounceOption } from "./check-debounce.ts";
import { DURATION_LIMIT, parseDurationMs } from "./duration.ts";
import { invalidField } from "./windlass-error.ts";

/** What may be said about a run beside its payload. */
export interface TriggerOptions {
  /** The run waits that long before it is queued ("1h30m"), or until that moment. A moment that has passed delays nothing. */
  readonly delay?: string | Date | undefined;
  /** A run that has not started this long after it was queued is EXPIRED: "10m", or seconds. Default: never. */
  readonly ttl?: string | number | undefined;
  /**
   * The same key gives the same run, within the task: at most 512 characters, no control characters. Taken as it is; `idempotencyKeys.create` makes one
   * that belongs to the run or attempt that triggers.
   */
  readonly idempotencyKey?: string | readonly string[] | undefined;
  /** How long the key holds: "10m". Default 30 days. */
  readonly idempotencyKeyTTL?: string | undefined;
  /** Overrides the task's queue: a name of 1 to 128 characters of A-Z a-z 0-9 _ - / . */
  readonly queue?: string | { readonly name: string } | undefined;
  /** Runs with the same key share a queue of their own: 1 to 128 characters. */
  readonly concurrencyKey?: string | undefined;
  /** Seconds by which the run overtakes others of its queue: 0 to 31,536,000. */
  readonly priority?: number | undefined;
  /** Overrides the task's retry.maxAttempts: 1 to 100. */
  readonly maxAttempts?: number | undefined;
  /** Overrides the task's maxDuration: seconds that an attempt may run, at least 5. `timeout.None`: without limit. */
  readonly maxDuration?: number | undefined;
  /** Overrides the task's machine. */
  readonly machine?: MachineOption | undefined;
  /** Labels, by which runs can be listed: at most 10, each 1 to 128 characters. One may be given alone. */
  readonly tags?: string | readonly string[] | undefined;
  /** What `metadata.current()` begins with: a JSON object of at most 256 KB. */
  readonly metadata?: MetadataObject | undefined;
  /** Makes one run of several triggers: while the run of this task and key is DELAYED, another trigger puts it off. Not together with `delay` or `idempotencyKey`, nor in a batch. */
  readonly debounce?: DebounceOption | undefined;
  /** Pins the run to a deployment version. Default: the current one when it starts; of a run that is waited for (`triggerAndWait`), that of the run that waits. */
  readonly version?: string | undefined;
  /** Marks the run as a test. */
  readonly isTest?: boolean | undefined;
}

/** The options as they travel. */
export interface CheckedTriggerOptions {
  readonly queue: string;
  readonly maxAttempts: number;
  readonly tags: string[];
  readonly isTest: boolean;
  /** Absent: nothing was said of what it holds. */
  readonly options?: MessageInitShape<typeof RunOptionsSchema>;
}

const NAMES = [
  "delay",
  "ttl",
  "idempotencyKey",
  "idempotencyKeyTTL",
  "queue",
  "concurrencyKey",
  "priority",
  "maxAttempts",
  "maxDuration",
  "machine",
  "tags",
  "metadata",
  "debounce",
  "version",
  "isTest",
] as const satisfies (keyof TriggerOptions)[];
const NO_OPTIONS: CheckedTriggerOptions = { queue: "", maxAttempts: 0, tags: [], isTest: false };

/** int32, in which it travels. */
const MAX_SECONDS = 2 ** 31 - 1;
/** The end of the year 9999: google.protobuf.Timestamp has no later one. */
const LAST_TIME_MS = Date.UTC(10_000, 0) - 1;
const MAX_PRIORITY = 31_536_000;
const MAX_KEY_LENGTH = 512;
const MAX_CONCURRENCY_KEY_LENGTH = 128;
const MAX_VERSION_LENGTH = 64;

/**
 * Throws FIELD_INVALID naming the option and its limit; an option that does not exist is not ignored. `field` names the options in messages: with a
 * batch "items[2].options".
 */
export function checkTriggerOptions(options: TriggerOptions | undefined, field = "options"): CheckedTriggerOptions {
  if (options === undefined) return NO_OPTIONS;
  if (typeof options !== "object" || options === null) throw invalidField(field, "must be an object.");
  refuseUnknown(options, field);
  const more = runOptions(options, field);
  return {
    queue: checkQueue(options.queue, `${field}.queue`),
    maxAttempts: checkMaxAttempts(options.maxAttempts, `${field}.maxAttempts`),
    tags: checkTags(options.tags, `${field}.tags`),
    isTest: options.isTest === true,
    ...(Object.keys(more).length > 0 && { options: more }),
  };
}

function refuseUnknown(options: object, field: string): void {
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name as (typeof NAMES)[number]));
  if (unknown !== undefined)
    throw invalidField(`${field}.${unknown}`, `is not a trigger option; there are ${NAMES.join(", ")}.`);
}

/** Only what was said, so that a trigger without options stays as small as before. */
function runOptions(options: TriggerOptions, field: string): MessageInitShape<typeof RunOptionsSchema> {
  const { delay, ttl, idempotencyKey, idempotencyKeyTTL, concurrencyKey, priority } = options;
  const { maxDuration, machine, metadata, debounce, version } = options;
  if (debounce !== undefined && (delay !== undefined || idempotencyKey !== undefined)) {
    throw invalidField(
      `${field}.debounce`,
      "cannot be given together with delay or idempotencyKey: it says itself when the run begins, and which triggers are one run.",
    );
  }
  return {
    ...(delay !== undefined && { startTime: timestampFromDate(checkDelay(delay, `${field}.delay`)) }),
    ...(ttl !== undefined && { ttl: durationFromMs(checkTtlMs(ttl, `${field}.ttl`)) }),
    ...(idempotencyKey !== undefined && { idempotencyKey: checkKey(idempotencyKey, `${field}.idempotencyKey`) }),
    ...(idempotencyKeyTTL !== undefined && {
      idempotencyKeyTtl: durationFromMs(checkTtlMs(idempotencyKeyTTL, `${field}.idempotencyKeyTTL`)),
    }),
    ...(concurrencyKey !== undefined && {
      concurrencyKey: checkText(concurrencyKey, MAX_CONCURRENCY_KEY_LENGTH, `${field}.concurrencyKey`),
    }),
    ...(priority !== undefined && { priority: checkWhole(priority, 0, MAX_PRIORITY, `${field}.priority`) }),
    ...(maxDuration !== undefined && {
      maxDurationSeconds: checkWhole(maxDuration, 5, MAX_SECONDS, `${field}.maxDuration`),
    }),
    ...(machine !== undefined && { machine: checkMachine(machine, `${field}.machine`) }),
    ...(metadata !== undefined && { metadata: checkMetadata(metadata, `${field}.metadata`) }),
    ...(debounce !== undefined && { debounce: checkDebounce(debounce, `${field}.debounce`) }),
    ...(version !== undefined && { version: checkText(version, MAX_VERSION_LENGTH, `${field}.version`) }),
  };
}

/** Also for `runs.reschedule`. */
export function checkDelay(delay: string | Date, field: string): Date {
  const date = typeof delay === "string" ? dateOfDelay(delay) : delay;
  if (date instanceof Date && date.getTime() > 0 && date.getTime() <= LAST_TIME_MS) return date;
  throw invalidField(field, `must be a Date before the year 10,000, or ${DURATION_LIMIT}.`);
}

function dateOfDelay(delay: string): Date {
  const durationMs = parseDurationMs(delay);
  if (durationMs !== undefined) return new Date(Date.now() + durationMs);
  return new Date(/^\d{4}-\d\d-\d\d/.test(delay) ? delay : Number.NaN);
}

function checkTtlMs(ttl: string | number, field: string): number {
  const ms = typeof ttl === "number" ? ttl * 1_000 : parseDurationMs(ttl);
  if (ms !== undefined && ms > 0 && ms <= MAX_SECONDS * 1_000) return ms;
  throw invalidField(field, `must be a number of seconds above 0, or ${DURATION_LIMIT}.`);
}

/** Several parts make one key. Throws FIELD_INVALID. */
export function checkKey(key: string | readonly string[], field: string): string {
  return checkText(Array.isArray(key) ? key.join("-") : key, MAX_KEY_LENGTH, field);
}

function checkText(text: unknown, maxLength: number, field: string): string {
  const isValid =
    typeof text === "string" && text !== "" && text.length <= maxLength && text.isWellFormed() && !/\p{Cc}/u.test(text);
  if (isValid) return text;
  throw invalidField(field, `must be a string of 1 to ${maxLength} characters without control characters.`);
}

function checkWhole(value: number, low: number, high: number, field: string): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw invalidField(field, `must be a whole number from ${low} to ${high.toLocaleString("en")}.`);
}

function checkMachine(machine: MachineOption, field: string): string {
  const preset = typeof machine === "object" ? machine?.preset : machine;
  if (machinePresets.includes(preset)) return preset;
  throw invalidField(field, `must be one of ${machinePresets.join(", ")}.`);
}

/** Throws FIELD_INVALID naming the place of what JSON cannot carry. */
export function checkMetadata(metadata: MetadataObject, field: string): ReturnType<typeof encodeMetadata> {
  try {
    return encodeMetadata(field, metadata);
  } catch (error) {
    if (!(error instanceof UnencodableError)) throw error;
    throw invalidField(error.path, error.problem, error);
  }
}

function checkQueue(queue: TriggerOptions["queue"], field: string): string {
  if (queue === undefined) return "";
  const name = typeof queue === "object" ? queue.name : queue;
  if (typeof name === "string" && /^[\w\-/.]{1,128}$/.test(name)) return name;
  throw invalidField(field, "must be a name of 1 to 128 characters of A-Z a-z 0-9 _ - / .");
}

function checkMaxAttempts(maxAttempts: number | undefined, field: string): number {
  if (maxAttempts === undefined) return 0;
  return checkWhole(maxAttempts, 1, 100, field);
}

/** At most 10, each 1 to 128 characters; one may come alone. Throws FIELD_INVALID. */
export function checkTags(tags: string | readonly string[] | undefined, field: string): string[] {
  if (tags === undefined) return [];
  const list = typeof tags === "string" ? [tags] : [...tags];
  if (list.length > 10) throw invalidField(field, `must be at most 10; there are ${list.length}.`);
  for (const [index, tag] of list.entries()) {
    if (typeof tag !== "string" || tag === "" || tag.length > 128 || !tag.isWellFormed()) {
      throw invalidField(`${field}[${index}]`, "must be a well-formed string of 1 to 128 characters.");
    }
  }
  return list;
}
