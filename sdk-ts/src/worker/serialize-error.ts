import { create } from "@bufbuild/protobuf";
import { type RunError, RunErrorCode, RunErrorSchema } from "@windlass/proto";
import { cutText } from "../content/cut-text.ts";
import { safeJson } from "../content/safe-json.ts";
import { userFrames } from "./stack-frames.ts";

/**
 * Makes a thrown value storable: any value, null and undefined too. The result stays below 64 KB, and reading it never
 * throws, whatever getters, cycles or sizes the value has.
 */
export function serializeError(thrown: unknown, code: RunErrorCode): RunError {
  const error = describeThrown(thrown, MAX_BYTES_OF_ERROR);
  return create(RunErrorSchema, {
    ...error,
    code,
    causes: causesOf(thrown).map((cause) =>
      create(RunErrorSchema, { ...describeThrown(cause, MAX_BYTES_OF_CAUSE), code }),
    ),
  });
}

/** What a stored error stays below, causes included. */
export const MAX_RUN_ERROR_BYTES = 64 * 1024;

const MAX_MESSAGE_LENGTH = 1_000;
const MAX_CAUSES = 5;
const MAX_FIELDS = 1_000;
/** Shared by stack and fields. With names and messages, an error and its causes stay below 64 KB. */
const MAX_BYTES_OF_ERROR = 18 * 1024;
const MAX_BYTES_OF_CAUSE = 4 * 1024;

interface DescribedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly fieldsJson: string;
}

function describeThrown(thrown: unknown, maxBytes: number): DescribedError {
  if (!isObject(thrown))
    return { name: "Error", message: limitMessage(describePrimitive(thrown)), stack: "", fieldsJson: "" };
  const fieldsJson = customFieldsJson(thrown, maxBytes / 2);
  return {
    name: cutText(readString(thrown, "name") || "Error", 256).toWellFormed(),
    message: limitMessage(readString(thrown, "message") ?? (fieldsJson || "an object was thrown")),
    stack: cutText(userFrames(readString(thrown, "stack") ?? "", maxBytes / 2), maxBytes / 2).toWellFormed(),
    fieldsJson,
  };
}

function describePrimitive(thrown: unknown): string {
  return typeof thrown === "string" ? thrown : `${String(thrown)} was thrown`;
}

/** The message as far as it is stored. */
export function limitMessage(message: string): string {
  return message.slice(0, MAX_MESSAGE_LENGTH).toWellFormed();
}

function customFieldsJson(thrown: object, maxBytes: number): string {
  const fields: Record<string, unknown> = {};
  for (const key of (attempt(() => Object.keys(thrown)) ?? []).slice(0, MAX_FIELDS)) {
    if (!describedElsewhere.has(key)) fields[key] = read(thrown, key);
  }
  const json = safeJson(fields, maxBytes);
  return json === "{}" ? "" : json;
}

const describedElsewhere = new Set(["name", "message", "stack", "cause", "__proto__"]);

/** The cause chain, nearest first; for an AggregateError without a cause, the errors it gathers. */
function causesOf(thrown: unknown): unknown[] {
  const causes: unknown[] = [];
  const seen = new Set<unknown>([thrown]);
  let current = read(thrown, "cause");
  while (current !== undefined && current !== null && !seen.has(current) && causes.length < MAX_CAUSES) {
    causes.push(current);
    seen.add(current);
    current = read(current, "cause");
  }
  if (causes.length > 0) return causes;
  return attempt(() => (thrown instanceof AggregateError ? thrown.errors.slice(0, MAX_CAUSES) : [])) ?? [];
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function readString(object: object, key: string): string | undefined {
  const value = read(object, key);
  return typeof value === "string" ? value : undefined;
}

/** A property, or undefined when reading it throws. */
function read(value: unknown, key: string): unknown {
  return isObject(value) ? attempt(() => (value as Record<string, unknown>)[key]) : undefined;
}

function attempt<T>(readValue: () => T): T | undefined {
  try {
    return readValue();
  } catch {
    return undefined; // A getter or a proxy threw: nothing to store.
  }
}
