import type { Clock, Component, Logger, Nats, Queryable } from "@windlass/chassis";
import { createRepeatLoop } from "../repeat-loop.ts";
import { deleteOutbox } from "../store/delete-outbox.ts";
import { listOutbox, type OutboxRow } from "../store/list-outbox.ts";
import { selectChangedRuns } from "../store/select-changed-runs.ts";
import { runNoticeMessage } from "./run-notice.ts";

const INTERVAL_MS = 10_000;
/** Younger rows are still in the hands of the process that wrote them. */
const MIN_AGE_MS = 10_000;
/** A row names at most a batch of runs. */
const ROWS_PER_TURN = 20;

/**
 * Publishes outbox rows that were left behind: by a process that died, or while NATS was away. A run is told as it is now; it may have changed since the row was written.
 * Several replicas may publish one row, which JetStream notices by the message's id.
 */
export function createOutboxSweepLoop(options: {
  readonly nats: Nats;
  readonly db: Queryable;
  readonly clock: Clock;
  readonly logger: Logger;
}): Component {
  const { nats, db } = options;
  return createRepeatLoop({
    ...options,
    name: "outbox sweep",
    intervalMs: INTERVAL_MS,
    turn: async (signal) => {
      if (!nats.connected) return false;
      const rows = await listOutbox(db, { minAgeMs: MIN_AGE_MS, limit: ROWS_PER_TURN });
      for (const row of rows) await publishRow(options, row, signal);
      await deleteOutbox(
        db,
        rows.map((row) => row.id),
      );
      return rows.length === ROWS_PER_TURN;
    },
  });
}

async function publishRow(
  { nats, db }: { readonly nats: Nats; readonly db: Queryable },
  row: OutboxRow,
  signal: AbortSignal,
): Promise<void> {
  const keys = row.run_ids.map((runId, index) => ({ environmentId: row.environment_ids[index] ?? "", runId }));
  const changed = await selectChangedRuns(db, keys);
  await nats.publishDurably(
    changed.map((run) =>
      runNoticeMessage({
        environmentId: run.environment_id,
        runId: run.id,
        taskId: run.task_id,
        status: run.status,
        revision: run.revision,
      }),
    ),
    signal,
  );
}
