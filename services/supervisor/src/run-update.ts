import type { RunUpdate } from "@windlass/proto";

/** A run has no more tags. */
const maxTags = 10;

/** Both updates as one: the newer metadata, and the tags of both as far as a run has room for them. */
export function mergeUpdates(older: RunUpdate | undefined, newer: RunUpdate): RunUpdate {
  const addTags = [...new Set([...(older?.addTags ?? []), ...newer.addTags])].slice(0, maxTags);
  const metadata = newer.metadata ?? older?.metadata;
  return { $typeName: "windlass.v1.RunUpdate", addTags, ...(metadata !== undefined && { metadata }) };
}

/** An upper estimate of an update's encoded size: UTF-8 takes at most three bytes a UTF-16 unit. */
export function updateBytes(update: RunUpdate | undefined): number {
  if (update === undefined) return 0;
  let chars = 16;
  for (const tag of update.addTags) chars += tag.length + 2;
  return chars * 3 + (update.metadata?.data.byteLength ?? 0) + (update.metadata?.contentType.length ?? 0);
}
