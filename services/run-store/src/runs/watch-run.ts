import { type Batcher, type Clock, createBatcher, type Queryable } from "@windlass/chassis";
import type { RunEvent } from "@windlass/proto";
import { timelineToProto } from "../conversions/timeline-to-proto.ts";
import { runNotFound } from "../failures.ts";
import { type Feed, runKey } from "../feed/feed.ts";
import { readTimelines, type TimelinePage, type TimelinePosition } from "../store/read-timelines.ts";
import { createWakeUp } from "./wake-up.ts";

/** Reads timelines for all watchers of this process together. */
export type TimelineReader = Batcher<TimelinePosition, TimelinePage | undefined>;

/** A page has up to 256 kB and a chunk more, so that a batch of 32 stays in the tens of megabytes. */
const POSITIONS_PER_BATCH = 32;
/** How often a watcher that hears nothing looks by itself, in case a notice was lost (I9). */
const LOOK_AGAIN_MS = { min: 3_000, max: 6_000 };
/** Entries are handed on in lumps of about this size. */
const LUMP_BYTES = 1024 * 1024;

export function createTimelineReader(db: Queryable): TimelineReader {
  return createBatcher({
    name: "timelines",
    run: (positions) => readTimelines(db, positions),
    concurrency: 2,
    maxBatch: POSITIONS_PER_BATCH,
    maxQueued: 10_000,
  });
}

/**
 * A run's timeline after `position.afterSeq`: what is stored, then what comes, without gap or repetition, until the entry that ended the run. It reads no faster than it is
 * read, and between readings holds nothing but its place. Throws RUN_NOT_FOUND, NOT_READY, and the signal's reason.
 */
export async function* watchRun(
  { feed, timelines, clock }: { readonly feed: Feed; readonly timelines: TimelineReader; readonly clock: Clock },
  { environmentId, runId, afterSeq }: TimelinePosition,
  signal: AbortSignal,
): AsyncGenerator<RunEvent[], void> {
  const news = createWakeUp(clock);
  let seq = afterSeq;
  // Listening comes first and reading second, so that nothing falls between.
  const stopListening = feed.runChanges.listen(runKey(environmentId, runId), ({ eventSeq }) => {
    if (eventSeq > seq) news.set();
  });
  try {
    for (;;) {
      const page = await timelines.submit({ environmentId, runId, afterSeq: seq });
      if (page === undefined) throw runNotFound(runId);
      const startSeq = seq;
      for (const events of lumps(page, seq)) {
        seq = events.at(-1)?.seq ?? seq;
        yield events;
      }
      const isComplete = seq >= page.lastSeq;
      if (isComplete && page.isTerminal) return;
      if (isComplete || seq === startSeq) await news.wait(signal, lookAgainMs());
      signal.throwIfAborted();
    }
  } finally {
    stopListening();
  }
}

function* lumps(page: TimelinePage, afterSeq: bigint): Generator<RunEvent[]> {
  let lump: RunEvent[] = [];
  let bytes = 0;
  for (const chunk of page.chunks) {
    const events = timelineToProto(chunk, afterSeq);
    const bytesEach = (chunk.events?.byteLength ?? 0) / Math.max(events.length, 1);
    for (const event of events) {
      lump.push(event);
      bytes += bytesEach;
      if (bytes < LUMP_BYTES) continue;
      yield lump;
      lump = [];
      bytes = 0;
    }
  }
  if (lump.length > 0) yield lump;
}

function lookAgainMs(): number {
  return LOOK_AGAIN_MS.min + Math.random() * (LOOK_AGAIN_MS.max - LOOK_AGAIN_MS.min);
}
