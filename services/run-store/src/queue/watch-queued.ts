import type { Clock, Logger, Queryable } from "@windlass/chassis";
import type { QueuedRun } from "@windlass/proto";
import { queuedRunToProto } from "../conversions/queued-run.ts";
import type { Feed } from "../feed/feed.ts";
import type { Subscription } from "../feed/subscription.ts";
import { bumpQueueEpoch } from "../store/bump-queue-epoch.ts";
import { listQueuedRuns, QUEUE_START, type QueuedRow, type QueuePosition } from "../store/list-queued-runs.ts";

export interface WatchQueuedOptions {
  readonly db: Queryable;
  readonly feed: Feed;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the owner of the queue is told. */
export interface QueuedNews {
  readonly epoch: bigint;
  readonly runs: readonly QueuedRun[];
  /** True once, with the last page of what was stored. */
  readonly snapshotComplete: boolean;
}

const PAGE_SIZE = 1_000;
/** Runs that wait to be read; an owner that reads slower is ended, and watches again (I10). */
const MAX_BUFFERED = 100_000;
/** The sweep tells the runs of the queue once more, so many a second; younger ones are most likely being claimed. */
const SWEEP = { intervalMs: 1_000, pageSize: 1_000, minAgeMs: 2_000 };

/**
 * Makes `owner` the owner of the queue, then tells it all queued runs in order, then each that comes, until the signal aborts. A run can be told twice, and a run that was told
 * may be gone: the claim decides. Listening comes first and listing second, so that no run falls between; one whose notice was lost (it was queued by another replica) is told
 * by the sweep. Throws OVERLOADED, NOT_READY, and the signal's reason.
 */
export async function* watchQueued(
  options: WatchQueuedOptions,
  owner: string,
  signal: AbortSignal,
): AsyncGenerator<QueuedNews, void> {
  const { db, feed, logger } = options;
  const subscription = feed.queued.subscribe(MAX_BUFFERED);
  const ended = new AbortController();
  const onAbort = (): void => {
    ended.abort(signal.reason);
    subscription.close();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const epoch = await bumpQueueEpoch(db, owner);
    logger.info("the queue has an owner", { owner, epoch });
    for (let after = QUEUE_START; ;) {
      signal.throwIfAborted();
      const rows = await listQueuedRuns(db, { after, minAgeMs: 0, limit: PAGE_SIZE });
      const snapshotComplete = rows.length < PAGE_SIZE;
      yield { epoch, runs: rows.map(queuedRunToProto), snapshotComplete };
      if (snapshotComplete) break;
      after = positionAfter(rows);
    }
    void sweep(options, subscription, ended.signal);
    for await (const runs of subscription) {
      for (let start = 0; start < runs.length; start += PAGE_SIZE)
        yield { epoch, runs: runs.slice(start, start + PAGE_SIZE), snapshotComplete: false };
    }
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", onAbort);
    ended.abort(new Error("the watch has ended"));
    subscription.close();
  }
}

/** Walks the queue round and round. An empty queue costs one look at an empty index a second. Never rejects. */
async function sweep(
  { db, clock, logger }: WatchQueuedOptions,
  subscription: Subscription<QueuedRun>,
  signal: AbortSignal,
): Promise<void> {
  let after = QUEUE_START;
  for (;;) {
    try {
      await clock.sleep(SWEEP.intervalMs, signal);
    } catch {
      return; // The watch has ended.
    }
    // An owner that is behind with reading has no use for more.
    if (subscription.size > SWEEP.pageSize) continue;
    try {
      const rows = await listQueuedRuns(db, { after, minAgeMs: SWEEP.minAgeMs, limit: SWEEP.pageSize });
      subscription.push(rows.map(queuedRunToProto));
      after = rows.length < SWEEP.pageSize ? QUEUE_START : positionAfter(rows);
    } catch (error) {
      logger.debug("the queue could not be swept; the next turn tries again", { error });
    }
  }
}

function positionAfter(rows: readonly QueuedRow[]): QueuePosition {
  const last = rows.at(-1);
  return last === undefined ? QUEUE_START : { queueTimeUs: last.queue_time_us, runId: last.id };
}
