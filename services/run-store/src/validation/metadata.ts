import type { Content } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import { parseJson } from "./payload.ts";
import { quote } from "./quote.ts";

/** 256 KB: metadata travels in every lease, beside the payload. */
const MAX_METADATA_BYTES = 256 * 1024;

/** Checks a run's metadata: plain JSON, an object, and its size. Undefined when none is given. */
export function parseMetadata(
  content: Content | undefined,
  field: string,
  violations: Violation[],
): Uint8Array | undefined {
  if (content === undefined || (content.contentType === "" && content.data.byteLength === 0)) return undefined;
  if (content.contentType !== "application/json") {
    violations.push({
      field: `${field}.content_type`,
      description: `must be "application/json"; it is ${quote(content.contentType)}.`,
    });
    return undefined;
  }
  const problem = metadataProblem(content.data);
  if (problem !== undefined) violations.push({ field: `${field}.data`, description: problem });
  return content.data;
}

function metadataProblem(data: Uint8Array): string | undefined {
  if (data.byteLength > MAX_METADATA_BYTES)
    return `must be at most ${MAX_METADATA_BYTES} bytes (256 KB); it has ${data.byteLength}.`;
  const parsed = parseJson(data);
  if ("problem" in parsed) return parsed.problem;
  return typeof parsed.value === "object" && parsed.value !== null && !Array.isArray(parsed.value)
    ? undefined
    : "must be a JSON object.";
}
