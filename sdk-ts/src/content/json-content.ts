import { findUnencodable, UnencodableError } from "./find-unencodable.ts";

/** A value that crosses a process border: the fields of windlass.v1.Content. */
export interface EncodedContent {
  readonly data: Uint8Array<ArrayBuffer>;
  /** Empty when there is no value. */
  readonly contentType: string;
}

const JSON_TYPE = "application/json";
const NO_CONTENT: EncodedContent = { data: new Uint8Array(), contentType: "" };

/**
 * Encodes a payload or an output as JSON; undefined becomes no content at all.
 * Throws UnencodableError naming the place of the first value that JSON cannot carry, and when the whole is larger than `maxBytes`.
 */
export function encodeContent(what: "payload" | "output", value: unknown, maxBytes: number): EncodedContent {
  if (value === undefined) return NO_CONTENT;
  const json = toJson(what, value);
  const data = Buffer.from(json);
  if (data.length > maxBytes) {
    throw new UnencodableError(
      what,
      `is ${data.length.toLocaleString("en")} bytes of JSON; at most ${maxBytes.toLocaleString("en")} are allowed`,
    );
  }
  return { data, contentType: JSON_TYPE };
}

function toJson(what: string, value: unknown): string {
  let found: UnencodableError | undefined;
  let json: string | undefined;
  try {
    found = findUnencodable(what, value);
    json = found === undefined ? JSON.stringify(value) : undefined;
  } catch (cause) {
    throw new UnencodableError(what, "cannot be written as JSON", { cause }); // A getter or a toJSON method threw, or it is too long.
  }
  if (found !== undefined) throw found;
  if (json === undefined) throw new UnencodableError(what, "has a toJSON method that returns nothing");
  return json;
}

/** Decodes what `encodeContent`, or any other client, has made. Throws an Error that says what is wrong with the content. */
export function decodeContent(
  content: { readonly data: Uint8Array; readonly contentType: string } | undefined,
): unknown {
  if (content === undefined || content.contentType === "") return undefined;
  if (content.contentType !== JSON_TYPE) {
    throw new Error(`the content type is "${content.contentType}"; this version of the SDK reads "${JSON_TYPE}"`);
  }
  return JSON.parse(utf8.decode(content.data)) as unknown;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
