import type { Content } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import { quote } from "./quote.ts";

/** How a value is encoded; "" when there is no value. */
export type ContentType = "" | "application/json" | "application/super+json";

/** A value as it is stored: bytes that only the task looks into. */
export interface StoredContent {
  readonly data: Uint8Array;
  readonly contentType: ContentType;
}

/** 3 MB: a payload travels in a lease, in messages beside others, and an output and errors beside it in GetRun. */
export const MAX_PAYLOAD_BYTES = 3 * 1024 * 1024;

const NO_CONTENT: StoredContent = { data: new Uint8Array(0), contentType: "" };
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Checks a payload: its size, its type, and that it is JSON at all, so that no run is stored that could never begin. The parsed value is thrown away: the stored
 * bytes are the caller's own, and a key such as `__proto__` in them is data.
 */
export function parsePayload(content: Content | undefined, field: string, violations: Violation[]): StoredContent {
  if (content === undefined) return NO_CONTENT;
  const { data, contentType } = content;
  if (contentType !== "application/json" && contentType !== "application/super+json") {
    if (contentType === "" && data.byteLength === 0) return NO_CONTENT;
    violations.push({
      field: `${field}.content_type`,
      description: `must be "application/json" or "application/super+json"; it is ${quote(contentType)}.`,
    });
    return NO_CONTENT;
  }
  const problem = dataProblem(data, contentType);
  if (problem !== undefined) violations.push({ field: `${field}.data`, description: problem });
  return { data, contentType };
}

/** The value that bytes encode, or why they encode none. */
export function parseJson(data: Uint8Array): { readonly value: unknown } | { readonly problem: string } {
  let text: string;
  try {
    text = utf8.decode(data);
  } catch {
    return { problem: "must be JSON in UTF-8; its bytes are not UTF-8." };
  }
  try {
    const value: unknown = JSON.parse(text);
    return { value };
  } catch {
    return { problem: `must be JSON; it is ${quote(text)}.` };
  }
}

function dataProblem(data: Uint8Array, contentType: ContentType): string | undefined {
  if (data.byteLength > MAX_PAYLOAD_BYTES)
    return `must be at most ${MAX_PAYLOAD_BYTES} bytes (3 MB); it has ${data.byteLength}.`;
  const parsed = parseJson(data);
  if ("problem" in parsed) return parsed.problem;
  if (contentType !== "application/super+json" || isEnvelope(parsed.value)) return undefined;
  return 'must be an object with "json" in it, as superjson makes it.';
}

function isEnvelope(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && "json" in value;
}
