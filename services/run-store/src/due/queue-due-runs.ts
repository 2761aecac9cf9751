import type { Logger, Queryable } from "@windlass/chassis";
import type { AnnounceChanges } from "../announce-changes.ts";
import type { Feed } from "../feed/feed.ts";
import { tellQueued } from "../queue/tell-queued.ts";
import type { PromotePendingRuns } from "../runs/promote-pending-runs.ts";
import { type DueRunRow, queueDueRuns as storeDueRuns } from "../store/queue-due-runs.ts";

export interface QueueDueRunsOptions {
  readonly postgres: Queryable;
  readonly feed: Feed;
  readonly announce: AnnounceChanges;
  /** Whether statements write an outbox row. */
  readonly hasOutbox: boolean;
  readonly promotePendingRuns: PromotePendingRuns;
  readonly logger: Logger;
}

/** Queues those of the runs whose moment has come, and tells of them. One whose task no version knows waits for that. Returns those that went on. */
export async function queueDueRuns(
  options: QueueDueRunsOptions,
  runs: readonly { readonly environmentId: string; readonly runId: string }[],
): Promise<DueRunRow[]> {
  const { postgres, hasOutbox, promotePendingRuns, logger } = options;
  const rows = await storeDueRuns(postgres, runs, hasOutbox);
  tellQueued(options, rows);
  // Its version may have been deployed while it was delayed.
  const waiting = new Set(rows.filter((row) => row.status === "PENDING_VERSION").map((row) => row.environment_id));
  for (const environmentId of waiting) {
    promotePendingRuns(environmentId).catch((error: unknown) =>
      logger.warn("runs that wait for a version are left to the sweep", { environmentId, error }),
    );
  }
  return rows;
}
