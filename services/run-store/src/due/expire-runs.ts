import type { Queryable } from "@windlass/chassis";
import type { AnnounceChanges } from "../announce-changes.ts";
import { type Feed, runKey } from "../feed/feed.ts";
import type { RunEndReader } from "../runs/run-end-reader.ts";
import * as store from "../store/expire-runs.ts";

/** What ending runs by their time to live works with. */
export interface ExpireRunsOptions {
  readonly postgres: Queryable;
  readonly feed: Feed;
  readonly reader: RunEndReader;
  readonly announce: AnnounceChanges;
  /** Whether statements write an outbox row. */
  readonly hasOutbox: boolean;
}

/** Ends those of the runs as EXPIRED whose time to live is over and that have not begun, and tells of them. Their idempotency keys are free. Sort by (environment, run). */
export async function expireRuns(
  options: ExpireRunsOptions,
  runs: readonly { readonly environmentId: string; readonly runId: string }[],
): Promise<store.ExpiredRunRow[]> {
  const { postgres, feed, reader, announce, hasOutbox } = options;
  const rows = await store.expireRuns(postgres, runs, hasOutbox);
  announce(
    rows[0]?.outbox_id ?? null,
    rows.map((row) => ({
      environmentId: row.environment_id,
      runId: row.id,
      taskId: row.task_id,
      status: "EXPIRED",
      revision: row.revision,
      eventSeq: row.event_seq,
    })),
  );
  const awaited = rows.filter((row) => feed.finished.has(runKey(row.environment_id, row.id)));
  const ends = await reader.read.submitMany(
    awaited.map((row) => ({ environmentId: row.environment_id, runId: row.id })),
  );
  for (const [index, end] of ends.entries()) {
    const row = awaited[index];
    if (end !== undefined && row !== undefined) feed.finished.publish(runKey(row.environment_id, row.id), end);
  }
  return rows;
}
