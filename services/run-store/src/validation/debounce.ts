import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import { DebounceMode, type RunOptions } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import { DEBOUNCE_KEY } from "./field-rules.ts";
import { parseText } from "./text-rule.ts";

/** How several triggers become one run. */
export interface ParsedDebounce {
  readonly key: string;
  readonly delayMs: number;
  /** The last trigger's payload counts; else the first one's. */
  readonly isTrailing: boolean;
  /** Null: it can be put off for ever. */
  readonly maxDelayMs: number | null;
}

const DELAY_MS = { min: 1_000, max: 30 * 86_400_000 };

/** Checks how a trigger is debounced. What would contradict it is refused. */
export function parseDebounce(
  options: RunOptions,
  optionsField: string,
  violations: Violation[],
): ParsedDebounce | undefined {
  const { debounce } = options;
  if (debounce === undefined) return undefined;
  const field = `${optionsField}.debounce`;
  const key = parseText(debounce.key, DEBOUNCE_KEY, `${field}.key`, violations);
  const delayMs = parseDelay(debounce.delay, `${field}.delay`, violations);
  const maxDelayMs =
    debounce.maxDelay === undefined ? null : parseDelay(debounce.maxDelay, `${field}.max_delay`, violations);
  if (maxDelayMs !== null && maxDelayMs < delayMs)
    violations.push({ field: `${field}.max_delay`, description: "must be at least as long as the delay." });
  if (debounce.mode > DebounceMode.TRAILING)
    violations.push({ field: `${field}.mode`, description: "must be LEADING or TRAILING." });
  if (options.idempotencyKey !== "" || options.startTime !== undefined || options.batchId !== "") {
    violations.push({
      field,
      description:
        "must be left out with an idempotency_key, a start_time or a batch_id: each says another way which triggers make a run, and when.",
    });
  }
  return { key, delayMs, isTrailing: debounce.mode === DebounceMode.TRAILING, maxDelayMs };
}

function parseDelay(duration: Duration | undefined, field: string, violations: Violation[]): number {
  const ms = duration === undefined ? 0 : durationMs(duration);
  if (!(ms >= DELAY_MS.min && ms <= DELAY_MS.max))
    violations.push({ field, description: `must be 1 s to 30 days; it is ${ms / 1_000} s.` });
  return ms;
}
