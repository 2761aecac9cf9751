/** The content type of plain JSON. */
export const JSON_TYPE = "application/json";
/** JSON with what JSON has no words for told beside it. */
export const SUPERJSON_TYPE = "application/super+json";

/** The value that a schema is about: the JSON, or the JSON within superjson. Undefined for a text that is none. */
export function payloadValue(text: string, contentType: string): { readonly value: unknown } | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (contentType !== SUPERJSON_TYPE) return { value: parsed };
  if (typeof parsed !== "object" || parsed === null || !("json" in parsed)) return undefined;
  if ("meta" in parsed) leaveOutUndefined(parsed.json, parsed.meta);
  return { value: parsed.json };
}

/** superjson writes null for undefined, and says beside it where: for a schema, such a field is not there. */
function leaveOutUndefined(json: unknown, meta: unknown): void {
  const values = fieldOf(meta, "values");
  if (typeof values !== "object" || values === null) return;
  for (const [path, annotation] of Object.entries(values)) {
    if (!Array.isArray(annotation) || annotation[0] !== "undefined") continue;
    const keys = path.split(/(?<!\\)\./u).map((key) => key.replaceAll(String.raw`\.`, "."));
    const name = keys.pop() ?? "";
    const owner = keys.reduce(fieldOf, json);
    if (typeof owner === "object" && owner !== null && !Array.isArray(owner)) Reflect.deleteProperty(owner, name);
  }
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}
