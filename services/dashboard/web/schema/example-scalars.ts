import type { PayloadSchema } from "./payload-schema.ts";

/** Texts of formats, all of them from ranges that are kept for examples. */
const TEXTS: Readonly<Record<string, string>> = {
  email: "ada@example.com",
  "idn-email": "ada@example.com",
  uri: "https://example.com",
  url: "https://example.com",
  "uri-reference": "/path",
  iri: "https://example.com",
  hostname: "example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uuid: "123e4567-e89b-42d3-a456-426614174000",
  time: "09:00:00Z",
  duration: "PT1H",
};

const MAX_TEXT_CHARS = 1_000;

/** A text: of the format that the schema names, else the field's own name, as long as it has to be. */
export function exampleText(schema: PayloadSchema, name: string, nowMs: number): string {
  const { format } = schema;
  const now = new Date(nowMs).toISOString();
  if (format === "date-time") return now;
  if (format === "date") return now.slice(0, 10);
  if (typeof format === "string" && Object.hasOwn(TEXTS, format)) return TEXTS[format] ?? "";
  const least = Math.min(numberIn(schema, "minLength") ?? 0, MAX_TEXT_CHARS);
  return name.padEnd(least, ".").slice(0, numberIn(schema, "maxLength"));
}

/** 1, or the number nearest to it within the schema's limits. */
export function exampleNumber(schema: PayloadSchema, isInteger: boolean): number {
  const step = numberIn(schema, "multipleOf") ?? (isInteger ? 1 : 0);
  const beside = step === 0 ? 0.5 : step;
  const above = numberIn(schema, "exclusiveMinimum");
  const below = numberIn(schema, "exclusiveMaximum");
  const least = Math.max(numberIn(schema, "minimum") ?? -Infinity, above === undefined ? -Infinity : above + beside);
  const most = Math.min(numberIn(schema, "maximum") ?? Infinity, below === undefined ? Infinity : below - beside);
  const number = Math.min(Math.max(1, least), most);
  if (!(step > 0)) return number;
  const up = Math.ceil(number / step) * step;
  return up <= most ? up : Math.floor(most / step) * step;
}

function numberIn(schema: PayloadSchema, keyword: string): number | undefined {
  const value = schema[keyword];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
