import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { DebounceMode, type DebounceSchema } from "@windlass/proto";
import { DURATION_LIMIT, parseDurationMs } from "./duration.ts";
import { invalidField } from "./windlass-error.ts";

/** Makes one run of several triggers. */
export interface DebounceOption {
  /** Triggers of one task with the same key are one run: 1 to 512 characters, no control characters. */
  readonly key: string;
  /** The run begins so long after the last trigger: "5s", from 1 s to 30 days. */
  readonly delay: string;
  /** "leading" (default): the first trigger's payload, options and metadata count; later ones only put the run off. "trailing": the last one's. */
  readonly mode?: "leading" | "trailing" | undefined;
  /** The run begins at the latest so long after the first trigger: at least `delay`. Default: it can be put off for ever. */
  readonly maxDelay?: string | undefined;
}

const NAMES = ["key", "delay", "mode", "maxDelay"] as const satisfies (keyof DebounceOption)[];
const MODES = { leading: DebounceMode.LEADING, trailing: DebounceMode.TRAILING } as const;
const MAX_KEY_LENGTH = 512;
const DELAY_MS = { min: 1_000, max: 30 * 86_400_000 };

/** Throws FIELD_INVALID naming the option and its limit. */
export function checkDebounce(debounce: DebounceOption, field: string): MessageInitShape<typeof DebounceSchema> {
  if (typeof debounce !== "object" || debounce === null)
    throw invalidField(field, "must be an object with key and delay.");
  const unknown = Object.keys(debounce).find((name) => !NAMES.includes(name as (typeof NAMES)[number]));
  if (unknown !== undefined)
    throw invalidField(`${field}.${unknown}`, `is not an option here; there is ${NAMES.join(", ")}.`);
  const { key, mode = "leading", maxDelay } = debounce;
  if (!isKey(key))
    throw invalidField(
      `${field}.key`,
      `must be a string of 1 to ${MAX_KEY_LENGTH} characters without control characters.`,
    );
  if (!Object.hasOwn(MODES, mode)) throw invalidField(`${field}.mode`, 'must be "leading" or "trailing".');
  const delayMs = checkDelayMs(debounce.delay, `${field}.delay`);
  const maxDelayMs = maxDelay === undefined ? undefined : checkDelayMs(maxDelay, `${field}.maxDelay`);
  if (maxDelayMs !== undefined && maxDelayMs < delayMs)
    throw invalidField(`${field}.maxDelay`, `must be at least ${field}.delay.`);
  return {
    key,
    mode: MODES[mode],
    delay: durationFromMs(delayMs),
    ...(maxDelayMs !== undefined && { maxDelay: durationFromMs(maxDelayMs) }),
  };
}

function isKey(key: unknown): boolean {
  return (
    typeof key === "string" && key !== "" && key.length <= MAX_KEY_LENGTH && key.isWellFormed() && !/\p{Cc}/u.test(key)
  );
}

function checkDelayMs(delay: unknown, field: string): number {
  const delayMs = typeof delay === "string" ? parseDurationMs(delay) : undefined;
  if (delayMs !== undefined && delayMs >= DELAY_MS.min && delayMs <= DELAY_MS.max) return delayMs;
  throw invalidField(field, `must be ${DURATION_LIMIT}; from 1 s to 30 days.`);
}
