import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";

/** What a payload looks like, or why nobody can tell. */
export type PayloadDescription = { readonly json: string } | { readonly problem: string };

/** A JSON Schema (draft 2020-12, or draft-07) that describes an object of keywords. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** 64 KB, checked by the SDK and by the run-store. */
const MAX_PAYLOAD_SCHEMA_BYTES = 64 * 1024;

const TARGET = "draft-2020-12";

/**
 * What a Standard Schema takes, as JSON Schema: by Standard JSON Schema, which zod (from 4.2), arktype and others implement. Dates are described as the
 * strings that they travel as; what else JSON Schema has no word for may be anything. Never throws.
 */
export function describeStandardSchema(standard: StandardSchemaV1.Props): PayloadDescription {
  const { jsonSchema } = standard as Partial<StandardJSONSchemaV1.Props>;
  if (typeof jsonSchema?.input !== "function") {
    return { problem: `${standard.vendor} has no Standard JSON Schema for it` };
  }
  const libraryOptions = LIBRARY_OPTIONS[standard.vendor];
  try {
    return describeJsonSchema(jsonSchema.input({ target: TARGET, ...(libraryOptions && { libraryOptions }) }));
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** The text of a JSON Schema. Never throws. */
export function describeJsonSchema(schema: unknown): PayloadDescription {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
    return { problem: "a JSON Schema must be an object" };
  }
  let json: string;
  try {
    json = JSON.stringify(schema);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  const bytes = Buffer.byteLength(json);
  return bytes <= MAX_PAYLOAD_SCHEMA_BYTES
    ? { json }
    : { problem: `its JSON Schema has ${bytes} bytes, which is more than ${MAX_PAYLOAD_SCHEMA_BYTES}` };
}

/** What libraries are asked beside the standard: without it they throw where JSON Schema has no word. */
const LIBRARY_OPTIONS: Partial<Record<string, Record<string, unknown>>> = {
  zod: { unrepresentable: "any", override: describeZodDate },
};

/** The parts of zod's conversion context that are read here; all that is not as expected is left as it is. */
interface ZodContext {
  readonly zodSchema: { readonly _zod?: { readonly def?: { readonly type?: unknown; readonly coerce?: unknown } } };
  readonly jsonSchema: Record<string, unknown>;
}

/** A date travels as text; what is made a date may be a number of milliseconds, too. */
function describeZodDate({ zodSchema, jsonSchema }: ZodContext): void {
  const def = zodSchema._zod?.def;
  if (def?.type !== "date") return;
  jsonSchema["type"] = def.coerce === true ? ["string", "number"] : "string";
  jsonSchema["format"] = "date-time";
}
