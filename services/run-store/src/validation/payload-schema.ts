import type { Violation } from "@windlass/proto/grpc";
import { parseJson } from "./payload.ts";

/** 64 KB: the schemas of a version travel in one message, beside its other texts. */
const MAX_SCHEMA_BYTES = 64 * 1024;

/** Checks what a task says of its payloads: JSON, an object, and its size; what its keywords mean is for whoever reads it. Null when nothing is said. */
export function parsePayloadSchema(json: string, field: string, violations: Violation[]): string | null {
  if (json === "") return null;
  const problem = schemaProblem(Buffer.from(json));
  if (problem !== undefined) violations.push({ field, description: problem });
  return json;
}

function schemaProblem(bytes: Buffer): string | undefined {
  if (bytes.byteLength > MAX_SCHEMA_BYTES)
    return `must be at most ${MAX_SCHEMA_BYTES} bytes (64 KB); it has ${bytes.byteLength}.`;
  // PostgreSQL keeps no NUL, and JSON has none outside of escapes, so whatever parses can be stored.
  const parsed = parseJson(bytes);
  if ("problem" in parsed) return parsed.problem;
  return typeof parsed.value === "object" && parsed.value !== null && !Array.isArray(parsed.value)
    ? undefined
    : "must be a JSON object.";
}
