import { type AnnounceChanges, changedRun } from "../announce-changes.ts";
import { queuedRunToProto } from "../conversions/queued-run.ts";
import type { Feed } from "../feed/feed.ts";
import type { DueRunRow } from "../store/queue-due-runs.ts";

/** Tells of runs that one committed statement has put into QUEUED, or into PENDING_VERSION: to the queue, to whoever watches them, and to the outside world. */
export function tellQueued(
  { feed, announce }: { readonly feed: Feed; readonly announce: AnnounceChanges },
  rows: readonly DueRunRow[],
): void {
  feed.queued.publish(
    rows.flatMap(({ queue, ...row }) =>
      queue === null || row.status !== "QUEUED" ? [] : [queuedRunToProto({ ...row, queue })],
    ),
  );
  announce(rows[0]?.outbox_id ?? null, rows.map(changedRun));
}
