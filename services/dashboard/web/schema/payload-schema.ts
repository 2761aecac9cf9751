import type { TaskDefinition } from "@windlass/proto";

/** A JSON Schema as a task is deployed with it: keywords, none of which is believed to be what it should. */
export type PayloadSchema = Readonly<Record<string, unknown>>;

/** What a task says of its payloads; undefined when it says nothing. */
export function payloadSchemaOf({ payloadSchemaJson }: Pick<TaskDefinition, "payloadSchemaJson">) {
  if (payloadSchemaJson === "") return undefined;
  const schema: unknown = JSON.parse(payloadSchemaJson); // The run-store takes no other than JSON objects.
  return asSchema(schema);
}

/** The value as keywords; undefined for anything but an object. */
export function asSchema(value: unknown): PayloadSchema | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as PayloadSchema) : undefined;
}

/** What says nothing about which values there may be. */
const ANNOTATIONS = new Set(["$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "examples"]);

/** Whether a schema speaks of any value at all: `{}` and mere descriptions do not. */
export function isDemanding(schema: PayloadSchema): boolean {
  return Object.keys(schema).some((keyword) => !ANNOTATIONS.has(keyword));
}
