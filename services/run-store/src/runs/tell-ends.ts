import { type Feed, runKey } from "../feed/feed.ts";
import type { RunRef } from "../store/find-runs.ts";
import type { RunEndReader } from "./run-end-reader.ts";

/** Tells whoever waits for the end of these runs, all of which have ended, how that was. */
export async function tellEnds(
  { feed, reader }: { readonly feed: Feed; readonly reader: RunEndReader },
  ended: readonly RunRef[],
): Promise<void> {
  const keyOf = (run: RunRef) => runKey(run.environmentId, run.runId);
  const awaited = ended.filter((run) => feed.finished.has(keyOf(run)));
  const ends = await reader.read.submitMany(awaited);
  for (const [index, run] of awaited.entries()) {
    const end = ends[index];
    if (end !== undefined) feed.finished.publish(keyOf(run), end);
  }
}
