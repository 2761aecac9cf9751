import { UnencodableError } from "./find-unencodable.ts";
import { type EncodedContent, encodeJson } from "./json-content.ts";
import { MAX_METADATA_BYTES } from "./limits.ts";

/** What a run's metadata can hold: JSON. */
export type MetadataValue =
  | string
  | number
  | boolean
  | null
  | readonly MetadataValue[]
  | { readonly [key: string]: MetadataValue };
export type MetadataObject = Readonly<Record<string, MetadataValue>>;

/**
 * Encodes a run's metadata, which stays plain JSON so that any program can read it. Throws UnencodableError naming the place of what JSON cannot
 * carry.
 */
export function encodeMetadata(what: string, metadata: MetadataObject): EncodedContent {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) {
    throw new UnencodableError(what, "must be an object");
  }
  return encodeJson(what, metadata, MAX_METADATA_BYTES);
}
