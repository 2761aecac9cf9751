import type { RunUpdate } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import type { RunDescription } from "../work/report-item.ts";
import { parseMetadata } from "./metadata.ts";
import { parseTags } from "./tags.ts";

/** Checks what a task says of its run. Undefined when it says nothing. */
export function parseRunUpdate(
  update: RunUpdate | undefined,
  field: string,
  violations: Violation[],
): RunDescription | undefined {
  if (update === undefined) return undefined;
  const metadata = parseMetadata(update.metadata, `${field}.metadata`, violations);
  const addTags = parseTags(update.addTags, `${field}.add_tags`, violations);
  return metadata === undefined && addTags.length === 0 ? undefined : { metadata, addTags };
}

/** What was said earlier and later, as one: the later metadata replaces the earlier, tags are added to tags. */
export function mergeUpdates(
  earlier: RunDescription | undefined,
  later: RunDescription | undefined,
): RunDescription | undefined {
  if (earlier === undefined || later === undefined) return later ?? earlier;
  return { metadata: later.metadata ?? earlier.metadata, addTags: [...earlier.addTags, ...later.addTags] };
}
