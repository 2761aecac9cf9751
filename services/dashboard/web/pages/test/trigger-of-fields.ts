import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs, type Duration } from "@bufbuild/protobuf/wkt";
import { DebounceMode, type RunOptionsSchema, type TriggerSchema } from "@windlass/proto";
import { parseDuration } from "../../format/parse-duration.ts";

/** The names of the fields beside payload and metadata. */
export type TriggerFieldName =
  | "queue"
  | "concurrencyKey"
  | "priority"
  | "machine"
  | "version"
  | "startTime"
  | "ttl"
  | "maxAttempts"
  | "maxDuration"
  | "idempotencyKey"
  | "idempotencyKeyTtl"
  | "debounceKey"
  | "debounceDelay"
  | "debounceMaxDelay"
  | "debounceMode"
  | "tags"
  | "batchId"
  | "parentRunId"
  | "traceparent"
  | "isTest";

/** What the fields hold; "" where nothing is. */
export type TriggerFields = (name: TriggerFieldName) => string;

/** The fields of a form. */
export function fieldsOf(form: HTMLFormElement): TriggerFields {
  const data = new FormData(form);
  return (name) => {
    const value = data.get(name);
    return typeof value === "string" ? value.trim() : "";
  };
}

/** What fields and metadata (JSON text) say about a trigger beside its payload. */
export function triggerOfFields(
  field: TriggerFields,
  metadata: string,
): Omit<MessageInitShape<typeof TriggerSchema>, "$typeName" | "taskId" | "requestId" | "payload"> {
  return {
    queue: field("queue"),
    maxAttempts: Number(field("maxAttempts")),
    tags: field("tags")
      .split(",")
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ""),
    isTest: field("isTest") !== "",
    parentRunId: field("parentRunId"),
    traceparent: field("traceparent"),
    options: optionsOfFields(field, metadata),
  };
}

function optionsOfFields(field: TriggerFields, metadata: string): MessageInitShape<typeof RunOptionsSchema> {
  return {
    idempotencyKey: field("idempotencyKey"),
    ...given("idempotencyKeyTtl", durationOf(field("idempotencyKeyTtl"))),
    ...given("startTime", field("startTime") === "" ? undefined : timestampFromMs(Date.parse(field("startTime")))),
    ...given("ttl", durationOf(field("ttl"))),
    priority: Number(field("priority")),
    concurrencyKey: field("concurrencyKey"),
    maxDurationSeconds: Math.round((parseDuration(field("maxDuration")) ?? 0) / 1_000),
    machine: field("machine"),
    batchId: field("batchId"),
    version: field("version"),
    ...given(
      "metadata",
      metadata.trim() === ""
        ? undefined
        : { data: new TextEncoder().encode(metadata), contentType: "application/json" },
    ),
    ...given("debounce", debounceOf(field)),
  };
}

function debounceOf(field: TriggerFields): MessageInitShape<typeof RunOptionsSchema>["debounce"] {
  const key = field("debounceKey");
  if (key === "") return undefined;
  return {
    key,
    ...given("delay", durationOf(field("debounceDelay"))),
    ...given("maxDelay", durationOf(field("debounceMaxDelay"))),
    mode: field("debounceMode") === "TRAILING" ? DebounceMode.TRAILING : DebounceMode.LEADING,
  };
}

function durationOf(text: string): Duration | undefined {
  const ms = parseDuration(text);
  return ms === undefined ? undefined : durationFromMs(ms);
}

/** Nothing at all in place of undefined. */
function given<N extends string, V>(name: N, value: V | undefined): { readonly [K in N]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [K in N]?: V });
}
