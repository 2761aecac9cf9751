import type { Clock, Logger, Queryable } from "@windlass/chassis";
import type { WatchQueuedResponse } from "@windlass/proto";
import { environmentSettingsToProto, queueSettingsToProto } from "../conversions/queue-settings.ts";
import { queuedRunToProto } from "../conversions/queued-run.ts";
import { shardNotOwned } from "../failures.ts";
import type { Feed } from "../feed/feed.ts";
import { createSubscription } from "../feed/subscription.ts";
import { bumpQueueEpoch } from "../store/bump-queue-epoch.ts";
import { listEnvironmentSettings, listQueueSettings, SETTINGS_START } from "../store/list-queue-settings.ts";
import { listQueuedRuns, QUEUE_START } from "../store/list-queued-runs.ts";
import type { EnvironmentShards } from "./environment-shards.ts";
import { type LeaseList, leaseMessages, queueMessage, queueMessages, type QueueNews } from "./queue-news.ts";
import { type OwnedShard, positionAfter, sweepShard } from "./sweep-shard.ts";
import { tellLeases } from "./tell-leases.ts";

export interface WatchQueuedOptions {
  readonly db: Queryable;
  readonly feed: Feed;
  readonly shards: EnvironmentShards;
  readonly clock: Clock;
  readonly logger: Logger;
}

const PAGE_SIZE = 1_000;
/** News that waits to be read; an owner that reads slower is ended, and watches again (I10). */
const MAX_BUFFERED = 100_000;

/**
 * Begins a new epoch of a shard for its owner, then tells it all settings, all leases and all queued runs of the shard, then whatever changes, until the signal aborts. A thing can
 * be told twice, and a run that was told may be gone: the claim decides. Listening comes first and listing second, so that nothing falls between; what no notice told (another
 * replica's was lost) is told by the sweep. Throws EPOCH_STALE when the shard belongs to somebody else, at once or later; OVERLOADED, NOT_READY, and the signal's reason.
 */
export async function* watchQueued(
  options: WatchQueuedOptions,
  { shard, owner }: { readonly shard: number; readonly owner: string },
  signal: AbortSignal,
): AsyncGenerator<WatchQueuedResponse, void> {
  const { db, logger } = options;
  const stops: (() => void)[] = [];
  const news = createSubscription<QueueNews>(`shard ${shard}`, MAX_BUFFERED, () => {
    for (const stop of stops) stop();
  });
  stops.push(...listenTo(options, shard, (items) => news.push(items)));
  const ended = new AbortController();
  const end = (reason: unknown): void => {
    ended.abort(reason);
    news.close();
  };
  const onAbort = (): void => end(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const epoch = await bumpQueueEpoch(db, { shard, owner });
    if (epoch === undefined) throw shardNotOwned(shard, owner);
    logger.info("a shard of the queue has a new epoch", { shard, owner, epoch });
    for await (const message of snapshot(options, { shard, owner, epoch })) {
      signal.throwIfAborted();
      yield message;
    }
    sweepShard(options, { shard, owner, epoch }, news, ended.signal).catch(end);
    for await (const batch of news) yield* queueMessages(epoch, await ofShard(options, shard, batch));
    ended.signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", onAbort);
    end(new Error("the watch has ended"));
  }
}

/** Takes from the feed what concerns the shard, and what may: of environments that are not known yet. */
function listenTo(
  { feed, shards }: WatchQueuedOptions,
  shard: number,
  push: (items: readonly QueueNews[]) => void,
): (() => void)[] {
  const take = (items: readonly Exclude<QueueNews, LeaseList>[]): void => {
    const ours = items.filter((item) => (shards.of(item.environmentId) ?? shard) === shard);
    if (ours.length > 0) push(ours);
  };
  return [feed.queued.listen(take), feed.freed.listen(take), feed.queueSettings.listen(take)];
}

/** Those of the shard, now that it can be found out which shard every environment belongs to. */
async function ofShard(
  { shards }: WatchQueuedOptions,
  shard: number,
  batch: readonly QueueNews[],
): Promise<QueueNews[]> {
  const environmentOf = (item: QueueNews) => (item.$typeName === "LeaseList" ? undefined : item.environmentId);
  const unknown = new Set<string>();
  for (const item of batch) {
    const id = environmentOf(item);
    if (id !== undefined && shards.of(id) === undefined) unknown.add(id);
  }
  if (unknown.size === 0) return [...batch];
  await shards.load(unknown);
  return batch.filter((item) => {
    const id = environmentOf(item);
    return id === undefined || shards.of(id) === shard;
  });
}

/** Everything stored, in messages: settings first, leases next, and runs last, so that no run is seen before what holds it back. */
async function* snapshot(options: WatchQueuedOptions, owned: OwnedShard): AsyncGenerator<WatchQueuedResponse, void> {
  yield* settingsMessages(options, owned);
  const { db } = options;
  const { shard, epoch } = owned;
  const lists: LeaseList[] = [];
  await tellLeases(options, shard, (list) => lists.push(list));
  for (const list of lists) yield* leaseMessages(epoch, list);
  for (let after = QUEUE_START; ;) {
    const rows = await listQueuedRuns(db, { shard, after, minAgeMs: 0, limit: PAGE_SIZE });
    const snapshotComplete = rows.length < PAGE_SIZE;
    yield { ...queueMessage(epoch), runs: rows.map(queuedRunToProto), snapshotComplete };
    if (snapshotComplete) return;
    after = positionAfter(rows);
  }
}

async function* settingsMessages(
  { db }: WatchQueuedOptions,
  { shard, epoch }: OwnedShard,
): AsyncGenerator<WatchQueuedResponse, void> {
  for (let after = ""; ;) {
    const rows = await listEnvironmentSettings(db, { shard, after, isWhole: false, limit: PAGE_SIZE });
    yield { ...queueMessage(epoch), environments: rows.map(environmentSettingsToProto) };
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_SIZE) break;
    after = last.environment_id;
  }
  for (let after = SETTINGS_START; ;) {
    const rows = await listQueueSettings(db, { shard, after, isWhole: false, limit: PAGE_SIZE });
    const last = rows.at(-1);
    if (last === undefined) return;
    yield { ...queueMessage(epoch), queues: rows.map(queueSettingsToProto) };
    if (rows.length < PAGE_SIZE) return;
    after = { environmentId: last.environment_id, name: last.name };
  }
}
