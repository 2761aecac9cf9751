import { fromBinary } from "@bufbuild/protobuf";
import { type Component, createBatcher, type Logger, type Nats, type Queryable } from "@windlass/chassis";
import { type RunNotice, RunNoticeSchema, RunStatus } from "@windlass/proto";
import { cancelLeaseToProto } from "../conversions/cancel-lease.ts";
import { dueExpiry, dueRun } from "../conversions/due-item.ts";
import { queuedRunToProto } from "../conversions/queued-run.ts";
import { type Feed, runKey } from "../feed/feed.ts";
import { isTerminal } from "../run-state.ts";
import type { RunEndReader } from "../runs/run-end-reader.ts";
import { type ChangedRunRow, selectChangedRuns } from "../store/select-changed-runs.ts";
import { RUN_SUBJECTS } from "./run-notice.ts";

/** Runs whose reading may wait; more notices are dropped, as any may be (I9, I10). */
const MAX_QUEUED = 20_000;

/**
 * Hears what other replicas have committed, reads those runs again and tells them to this process's feed: for a watcher it makes no difference which replica it is connected to.
 * A lost notice costs seconds: every reader of the feed also looks by itself.
 */
export function createReplicaNotices(options: {
  readonly nats: Nats;
  readonly db: Queryable;
  readonly feed: Feed;
  readonly reader: RunEndReader;
  readonly logger: Logger;
}): Component {
  const { nats, db, feed, reader, logger } = options;
  let unsubscribe: (() => void) | undefined;

  const readAgain = createBatcher<{ readonly environmentId: string; readonly runId: string }, undefined>({
    name: "notices of other replicas",
    concurrency: 1,
    maxQueued: MAX_QUEUED,
    run: async (keys) => {
      for (const row of await selectChangedRuns(db, keys)) tell(row);
      return keys.map(() => undefined);
    },
  });

  const tell = (row: ChangedRunRow): void => {
    const key = runKey(row.environment_id, row.id);
    feed.runChanges.publish(key, { eventSeq: BigInt(row.event_seq), isTerminal: isTerminal(row.status) });
    if (row.status === "QUEUED" && row.queue !== null)
      feed.queued.publish([queuedRunToProto({ ...row, queue: row.queue })]);
    if (row.due_in_ms !== null) feed.due.publish([dueRun(row.environment_id, row.id, row.due_in_ms)]);
    if (row.expire_in_ms !== null) feed.due.publish([dueExpiry(row.environment_id, row.id, row.expire_in_ms)]);
    if (row.status === "CANCELING" && row.supervisor_id !== null)
      feed.cancels.publish(row.supervisor_id, cancelLeaseToProto(row));
    if (isTerminal(row.status) && feed.finished.has(key)) tellEnd(row.environment_id, row.id, key);
  };

  const tellEnd = (environmentId: string, runId: string, key: string): void => {
    reader.read.submit({ environmentId, runId }).then(
      (run) => {
        if (run !== undefined) feed.finished.publish(key, run);
      },
      (error: unknown) => logger.debug("the end of another replica's run was not read", { runId, error }),
    );
  };

  /** Most runs of other replicas concern nobody here; only those that may are read. */
  const concernsUs = (notice: RunNotice): boolean => {
    const key = runKey(notice.environmentId, notice.runId);
    if (feed.runChanges.has(key) || feed.finished.has(key)) return true;
    switch (notice.status) {
      case RunStatus.QUEUED:
        return feed.queued.subscriberCount > 0;
      case RunStatus.RETRYING:
      case RunStatus.DELAYED:
        return feed.due.subscriberCount > 0;
      default:
        return notice.status === RunStatus.CANCELING;
    }
  };

  return {
    name: "replica notices",
    start() {
      unsubscribe = nats.subscribe(RUN_SUBJECTS, ({ data }) => {
        const notice = fromBinary(RunNoticeSchema, data);
        if (!concernsUs(notice)) return;
        readAgain.submit({ environmentId: notice.environmentId, runId: notice.runId }).catch((error: unknown) => {
          logger.debug("a notice of another replica was dropped", { runId: notice.runId, error });
        });
      });
      return Promise.resolve();
    },
    async stop() {
      unsubscribe?.();
      await readAgain.drain();
    },
  };
}
