import { exampleNumber, exampleText } from "./example-scalars.ts";
import { asSchema, type PayloadSchema } from "./payload-schema.ts";

/** How an example is made. */
export interface ExampleOptions {
  /** Whether fields that may be absent are there. */
  readonly hasOptional: boolean;
  /** For moments. Milliseconds since 1970. */
  readonly nowMs: number;
}

/** Of a schema that contains itself so much is shown. */
const MAX_DEPTH = 6;
const MAX_VALUES = 500;
const MAX_ITEMS = 20;

/**
 * A value that a schema probably allows: what it names itself (const, default, examples, enum), else something plain. Conditions between fields and patterns
 * are not understood. Ends for any schema.
 */
export function exampleValue(schema: PayloadSchema, options: ExampleOptions): unknown {
  let values = 0;
  return make(schema, "text", 0) ?? null;

  /** Undefined where there would be no end. */
  function make(given: unknown, name: string, depth: number): unknown {
    if ((values += 1) > MAX_VALUES || depth > MAX_DEPTH) return undefined;
    const part = resolve(given, schema);
    if (part === undefined) return given === false ? undefined : null;
    const told = toldBy(part);
    if (told.length > 0) return told[0];
    const form = choose(part);
    if (form !== undefined) return make(form, name, depth + 1);
    switch (typeOf(part)) {
      case "object":
        return makeObject(part, depth);
      case "array":
        return makeArray(part, name, depth);
      case "string":
        return exampleText(part, name, options.nowMs);
      case "number":
        return exampleNumber(part, false);
      case "integer":
        return exampleNumber(part, true);
      case "boolean":
        return false;
      default:
        return null;
    }
  }

  function makeObject(part: PayloadSchema, depth: number): unknown {
    const fields = asSchema(part["properties"]) ?? {};
    const required = new Set(Array.isArray(part["required"]) ? (part["required"] as unknown[]) : []);
    const example: Record<string, unknown> = {};
    for (const name of new Set([...Object.keys(fields), ...required])) {
      if (typeof name !== "string" || (!required.has(name) && !options.hasOptional)) continue;
      const value = make(Object.hasOwn(fields, name) ? fields[name] : true, name, depth + 1);
      if (value !== undefined) Object.defineProperty(example, name, { value, enumerable: true });
      else if (required.has(name)) return undefined;
    }
    const rest = asSchema(part["additionalProperties"]);
    if (rest !== undefined && Object.keys(example).length === 0) {
      const value = make(rest, "text", depth + 1);
      if (value !== undefined) example["key"] = value;
    }
    return example;
  }

  function makeArray(part: PayloadSchema, name: string, depth: number): unknown {
    const first = Array.isArray(part["prefixItems"]) ? (part["prefixItems"] as unknown[]) : [];
    const least = Math.min(typeof part["minItems"] === "number" ? part["minItems"] : 0, MAX_ITEMS);
    const most = typeof part["maxItems"] === "number" ? part["maxItems"] : MAX_ITEMS;
    const count = Math.min(Math.max(least, first.length, 1), most);
    const items: unknown[] = [];
    for (let place = 0; place < count; place += 1) {
      const item = make(place < first.length ? first[place] : (part["items"] ?? true), name, depth + 1);
      if (item === undefined) break;
      items.push(part["uniqueItems"] === true ? another(item, place) : item);
    }
    return items.length < least ? undefined : items;
  }
}

/** Follows a local reference; undefined for one that leads nowhere, and for `true` and `false`. */
function resolve(given: unknown, root: PayloadSchema): PayloadSchema | undefined {
  let part = asSchema(given);
  for (let hops = 0; hops < MAX_DEPTH && typeof part?.["$ref"] === "string"; hops += 1) {
    const { $ref, ...beside } = part;
    const found = asSchema(follow($ref, root));
    part = found === undefined ? undefined : { ...found, ...beside };
  }
  return part;
}

function follow(reference: string, root: PayloadSchema): unknown {
  if (!reference.startsWith("#")) return undefined;
  let found: unknown = root;
  for (const encoded of reference.split("/").slice(1)) {
    const key = encoded.replaceAll("~1", "/").replaceAll("~0", "~");
    const within: object | undefined = typeof found === "object" && found !== null ? found : undefined;
    if (within === undefined || !Object.hasOwn(within, key)) return undefined;
    found = (within as Record<string, unknown>)[key];
  }
  return found;
}

/** Values that the schema names itself, the best first. */
function toldBy(part: PayloadSchema): readonly unknown[] {
  const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
  const named = (keyword: string): readonly unknown[] => (Object.hasOwn(part, keyword) ? [part[keyword]] : []);
  return [...named("const"), ...list(part["examples"]), ...named("default"), ...list(part["enum"])];
}

/** The schema with one of its forms and with all that it is made of; undefined when it has no forms and no parts. */
function choose(part: PayloadSchema): PayloadSchema | undefined {
  const { anyOf, oneOf, allOf, ...own } = part;
  const forms = [anyOf, oneOf].flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []));
  const form = forms.map(asSchema).find((each) => each !== undefined && each["type"] !== "null") ?? asSchema(forms[0]);
  const parts = (Array.isArray(allOf) ? (allOf as unknown[]) : []).map(asSchema).filter((each) => each !== undefined);
  if (form === undefined && parts.length === 0) return undefined;
  return [...parts, ...(form === undefined ? [] : [form])].reduce(merge, own as PayloadSchema);
}

function merge(one: PayloadSchema, other: PayloadSchema): PayloadSchema {
  const fields = { ...asSchema(one["properties"]), ...asSchema(other["properties"]) };
  const required = [one["required"], other["required"]].flatMap(
    (list) => (Array.isArray(list) ? list : []) as unknown[],
  );
  return {
    ...one,
    ...other,
    ...(Object.keys(fields).length > 0 && { properties: fields }),
    ...(required.length > 0 && { required }),
  };
}

function typeOf(part: PayloadSchema): string {
  const { type } = part;
  if (typeof type === "string") return type;
  if (Array.isArray(type)) return String(type.find((each) => each !== "null") ?? "null");
  if ("properties" in part || "required" in part || "additionalProperties" in part) return "object";
  return "items" in part || "prefixItems" in part ? "array" : "any";
}

function another(item: unknown, place: number): unknown {
  if (typeof item === "number") return item + place;
  return typeof item === "string" && place > 0 ? `${item}${place + 1}` : item;
}
