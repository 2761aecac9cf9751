import type { Violation } from "@windlass/proto/grpc";
import { MAX_TAGS } from "../run-limits.ts";
import { TAG } from "./field-rules.ts";
import { parseText } from "./text-rule.ts";

/** Checks the labels of a run or a token: at most 10. */
export function parseTags(tags: string[], field: string, violations: Violation[]): string[] {
  if (tags.length > MAX_TAGS)
    violations.push({ field, description: `must have at most ${MAX_TAGS} items; it has ${tags.length}.` });
  else for (const [index, tag] of tags.entries()) parseText(tag, TAG, `${field}[${index}]`, violations);
  return tags;
}
