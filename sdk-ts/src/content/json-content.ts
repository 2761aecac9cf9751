import { SuperJSON } from "superjson";
import { inspectValue, UnencodableError } from "./find-unencodable.ts";

/** A value that crosses a process border: the fields of windlass.v1.Content. */
export interface EncodedContent {
  readonly data: Uint8Array<ArrayBuffer>;
  /** Empty when there is no value. */
  readonly contentType: string;
}

const JSON_TYPE = "application/json";
const SUPERJSON_TYPE = "application/super+json";
const NO_CONTENT: EncodedContent = { data: new Uint8Array(), contentType: "" };
/** Of our own, so that what a program registers with the library's default one changes nothing here. */
const superJson = new SuperJSON();

/**
 * Encodes a payload, an output or a token's data: as JSON where that carries it whole, else as superjson; undefined becomes no content at all. `what`
 * names the value in errors. Throws UnencodableError naming the place of the first value that neither can carry, and when the whole is larger than
 * `maxBytes`.
 */
export function encodeContent(what: string, value: unknown, maxBytes: number): EncodedContent {
  if (value === undefined) return NO_CONTENT;
  return encode(what, value, maxBytes, false);
}

/** The same, but always as JSON: fields that are undefined go, dates become strings, and what JSON would change otherwise is refused. */
export function encodeJson(what: string, value: unknown, maxBytes: number): EncodedContent {
  return encode(what, value, maxBytes, true);
}

function encode(what: string, value: unknown, maxBytes: number, isJsonOnly: boolean): EncodedContent {
  const { json, contentType } = write(what, value, isJsonOnly);
  const data = Buffer.from(json);
  if (data.length > maxBytes) {
    throw new UnencodableError(
      what,
      `is ${data.length.toLocaleString("en")} bytes of JSON; at most ${maxBytes.toLocaleString("en")} are allowed`,
    );
  }
  return { data, contentType };
}

function write(
  what: string,
  value: unknown,
  isJsonOnly: boolean,
): { readonly json: string; readonly contentType: string } {
  let unencodable: UnencodableError | undefined;
  let json: string | undefined;
  let contentType = JSON_TYPE;
  try {
    const findings = inspectValue(what, value, isJsonOnly);
    unencodable = findings.unencodable;
    if (unencodable === undefined && findings.isRich) {
      contentType = SUPERJSON_TYPE;
      json = superJson.stringify(value);
    } else if (unencodable === undefined) {
      json = JSON.stringify(value);
    }
  } catch (cause) {
    throw new UnencodableError(what, "cannot be written as JSON", { cause }); // A getter or a toJSON method threw, or it is too long.
  }
  if (unencodable !== undefined) throw unencodable;
  if (json === undefined) throw new UnencodableError(what, "has a toJSON method that returns nothing");
  return { json, contentType };
}

/** Decodes what `encodeContent`, or any other client, has made. Throws an Error that says what is wrong with the content. */
export function decodeContent(
  content: { readonly data: Uint8Array; readonly contentType: string } | undefined,
): unknown {
  if (content === undefined || content.contentType === "") return undefined;
  const { contentType } = content;
  if (contentType !== JSON_TYPE && contentType !== SUPERJSON_TYPE) {
    throw new Error(
      `the content type is "${contentType}"; this version of the SDK reads "${JSON_TYPE}" and "${SUPERJSON_TYPE}"`,
    );
  }
  const text = utf8.decode(content.data);
  if (contentType === JSON_TYPE) return JSON.parse(text) as unknown;
  return decodeSuperJson(JSON.parse(text) as unknown);
}

/** superjson refuses to follow "__proto__", "constructor" and "prototype". In place: copying would follow them. */
function decodeSuperJson(envelope: unknown): unknown {
  if (typeof envelope !== "object" || envelope === null || !("json" in envelope)) {
    throw new Error(`the content is of type "${SUPERJSON_TYPE}", but not an object with "json"`);
  }
  return superJson.deserialize(envelope as Parameters<SuperJSON["deserialize"]>[0], { inPlace: true });
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
