import type { Clock, Logger, Queryable } from "@windlass/chassis";
import { ErrorReason } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { queuedRunToProto } from "../conversions/queued-run.ts";
import { environmentSettingsToProto, queueSettingsToProto } from "../conversions/queue-settings.ts";
import { shardNotOwned } from "../failures.ts";
import type { Feed } from "../feed/feed.ts";
import type { Subscription } from "../feed/subscription.ts";
import { listEnvironmentSettings, listQueueSettings, SETTINGS_START } from "../store/list-queue-settings.ts";
import { listQueuedRuns, QUEUE_START, type QueuedRow, type QueuePosition } from "../store/list-queued-runs.ts";
import { selectQueueEpoch } from "../store/select-queue-epoch.ts";
import type { QueueNews } from "./queue-news.ts";
import { tellLeases } from "./tell-leases.ts";

/** A shard in the hands of one owner. */
export interface OwnedShard {
  readonly shard: number;
  readonly owner: string;
  readonly epoch: bigint;
}

/** Every three seconds a piece of everything is told again; a run so young is most likely being claimed. */
const SWEEP = { intervalMs: 3_000, pageSize: 1_000, minAgeMs: 2_000 };
/** Every so many turns the leases. */
const TURNS_PER_LEASE_LIST = 10;

/** The last one of a page, where the next begins. */
export function positionAfter(rows: readonly QueuedRow[]): QueuePosition {
  const last = rows.at(-1);
  if (last === undefined) return QUEUE_START;
  return { environmentId: last.environment_id, queue: last.queue, queueTimeUs: last.queue_time_us, runId: last.id };
}

/**
 * Tells, round and round, what notices should have told: queued runs, settings, leases (I9). An idle shard costs a few looks at empty indexes a second. Resolves when the
 * signal aborts; throws EPOCH_STALE when the shard has another owner. A turn that fails is made up for by the next.
 */
export async function sweepShard(
  {
    db,
    feed,
    clock,
    logger,
  }: { readonly db: Queryable; readonly feed: Feed; readonly clock: Clock; readonly logger: Logger },
  owned: OwnedShard,
  subscription: Subscription<QueueNews>,
  signal: AbortSignal,
): Promise<void> {
  const { shard, owner, epoch } = owned;
  const sweepers = [sweepRuns(db, shard), sweepEnvironments(db, shard), sweepQueues(db, shard)];
  for (let turn = 1; ; turn += 1) {
    try {
      await clock.sleep(SWEEP.intervalMs, signal);
    } catch {
      return; // The watch has ended.
    }
    try {
      if ((await selectQueueEpoch(db, shard)) !== epoch) throw shardNotOwned(shard, owner);
      // An owner that is behind with reading has no use for more.
      if (subscription.size > SWEEP.pageSize) continue;
      for (const next of sweepers) subscription.push(await next());
      if (turn % TURNS_PER_LEASE_LIST === 0) await tellLeases({ db, feed }, shard, (list) => subscription.push([list]));
    } catch (error) {
      if (error instanceof CallFailure && error.reason === ErrorReason.EPOCH_STALE) throw error;
      logger.debug("a shard could not be swept; the next turn tries again", { shard, error });
    }
  }
}

/** The next piece of a list that is read round and round. */
type Sweeper = () => Promise<QueueNews[]>;

function sweepRuns(db: Queryable, shard: number): Sweeper {
  let after = QUEUE_START;
  return async () => {
    const rows = await listQueuedRuns(db, { shard, after, minAgeMs: SWEEP.minAgeMs, limit: SWEEP.pageSize });
    after = rows.length < SWEEP.pageSize ? QUEUE_START : positionAfter(rows);
    return rows.map(queuedRunToProto);
  };
}

function sweepEnvironments(db: Queryable, shard: number): Sweeper {
  let after = "";
  return async () => {
    const rows = await listEnvironmentSettings(db, { shard, after, isWhole: true, limit: SWEEP.pageSize });
    after = rows.length < SWEEP.pageSize ? "" : (rows.at(-1)?.environment_id ?? "");
    return rows.map(environmentSettingsToProto);
  };
}

function sweepQueues(db: Queryable, shard: number): Sweeper {
  let after = SETTINGS_START;
  return async () => {
    const rows = await listQueueSettings(db, { shard, after, isWhole: true, limit: SWEEP.pageSize });
    const last = rows.length < SWEEP.pageSize ? undefined : rows.at(-1);
    after = last === undefined ? SETTINGS_START : { environmentId: last.environment_id, name: last.name };
    return rows.map(queueSettingsToProto);
  };
}
