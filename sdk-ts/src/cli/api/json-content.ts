import type { EncodedContent } from "../../content/json-content.ts";

/** A value that was read as JSON, for the way to the cluster. */
export function jsonContent(value: unknown): EncodedContent {
  return { data: Buffer.from(JSON.stringify(value)), contentType: "application/json" };
}
