import { toBinary } from "@bufbuild/protobuf";
import { durationMs, type Duration } from "@bufbuild/protobuf/wkt";
import { type RunOptions, RunOptionsSchema } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import { microsecondsFromTimestamp } from "../conversions/moments.ts";
import { BATCH_ID, CONCURRENCY_KEY, IDEMPOTENCY_KEY, VERSION } from "./field-rules.ts";
import { type ParsedDebounce, parseDebounce } from "./debounce.ts";
import { parseMachine } from "./machine.ts";
import { parseMetadata } from "./metadata.ts";
import { parseInteger, parseMaxDuration } from "./number-rule.ts";
import { parseText } from "./text-rule.ts";

/** Checked options of a trigger: as they are stored, and what has a place of its own in the store. */
export interface ParsedRunOptions {
  /** All of them but the metadata, encoded; null when nothing was given. */
  readonly encoded: Uint8Array | null;
  /** The run is DELAYED until then; undefined: it is not. */
  readonly startTimeUs: number | undefined;
  readonly idempotency: { readonly key: string; readonly ttlMs: number } | undefined;
  /** Null for the task's own. */
  readonly machine: string | null;
  /** Null: none. */
  readonly concurrencyKey: string | null;
  readonly prioritySeconds: number;
  readonly batchId: string | null;
  /** Null for the current one. */
  readonly version: string | null;
  /** A JSON object. */
  readonly metadata: Uint8Array | null;
  /** Null: it never expires. */
  readonly ttlMs: number | null;
  readonly debounce: ParsedDebounce | undefined;
}

/** Of a trigger that says nothing. */
export const NO_OPTIONS: ParsedRunOptions = {
  encoded: null,
  startTimeUs: undefined,
  idempotency: undefined,
  machine: null,
  concurrencyKey: null,
  prioritySeconds: 0,
  batchId: null,
  version: null,
  metadata: null,
  ttlMs: null,
  debounce: undefined,
};

const PRIORITY = { min: 0, max: 31_536_000 };
const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
const DEFAULT_KEY_TTL_MS = 30 * DAY_MS;
/** Nobody waits longer for a run to start; a time further away is a mistake of units. */
const MAX_START_TIME_US = 10 * YEAR_MS * 1_000;

/** Checks what a trigger says beside task and payload. `nowUs` bounds the start time. */
export function parseRunOptions(
  options: RunOptions | undefined,
  field: string,
  nowUs: number,
  violations: Violation[],
): ParsedRunOptions {
  if (options === undefined) return NO_OPTIONS;
  const idempotency = parseIdempotency(options, field, violations);
  parseMaxDuration(options.maxDurationSeconds, `${field}.max_duration_seconds`, violations);
  const metadata = parseMetadata(options.metadata, `${field}.metadata`, violations);
  const encoded = toBinary(RunOptionsSchema, { ...options, metadata: undefined });
  return {
    encoded: encoded.byteLength === 0 ? null : encoded,
    startTimeUs: parseStartTime(options.startTime, `${field}.start_time`, nowUs, violations),
    idempotency,
    machine: parseMachine(options.machine, `${field}.machine`, violations),
    concurrencyKey: optionalText(options.concurrencyKey, CONCURRENCY_KEY, `${field}.concurrency_key`, violations),
    prioritySeconds: parseInteger(options.priority, PRIORITY, `${field}.priority`, violations),
    batchId: optionalText(options.batchId, BATCH_ID, `${field}.batch_id`, violations),
    version: optionalText(options.version, VERSION, `${field}.version`, violations),
    metadata: metadata ?? null,
    ttlMs: parseLifetime(options.ttl, `${field}.ttl`, violations) ?? null,
    debounce: parseDebounce(options, field, violations),
  };
}

/** Checks when a run shall start. One that has passed is now. */
export function parseStartTime(
  time: RunOptions["startTime"],
  field: string,
  nowUs: number,
  violations: Violation[],
): number | undefined {
  if (time === undefined) return undefined;
  const startTimeUs = Math.max(microsecondsFromTimestamp(time), 0);
  if (startTimeUs > nowUs + MAX_START_TIME_US)
    violations.push({ field, description: "must be at most 10 years from now." });
  return startTimeUs;
}

function parseIdempotency(
  options: RunOptions,
  field: string,
  violations: Violation[],
): ParsedRunOptions["idempotency"] {
  const { idempotencyKey, idempotencyKeyTtl } = options;
  const ttlField = `${field}.idempotency_key_ttl`;
  const ttlMs = parseLifetime(idempotencyKeyTtl, ttlField, violations) ?? DEFAULT_KEY_TTL_MS;
  const key = optionalText(idempotencyKey, IDEMPOTENCY_KEY, `${field}.idempotency_key`, violations);
  if (key !== null) return { key, ttlMs };
  if (idempotencyKeyTtl !== undefined)
    violations.push({ field: ttlField, description: "must be left out without an idempotency_key." });
  return undefined;
}

function parseLifetime(duration: Duration | undefined, field: string, violations: Violation[]): number | undefined {
  if (duration === undefined) return undefined;
  const ms = durationMs(duration);
  if (ms <= 0 || ms > YEAR_MS)
    violations.push({ field, description: `must be more than 0 and at most 365 days; it is ${ms / 1_000} s.` });
  return ms;
}

function optionalText(
  text: string,
  rule: Parameters<typeof parseText>[1],
  field: string,
  violations: Violation[],
): string | null {
  return text === "" ? null : parseText(text, rule, field, violations);
}
