import type { Queryable } from "@windlass/chassis";
import { type AnnounceChanges, changedRun } from "../announce-changes.ts";
import type { Feed } from "../feed/feed.ts";
import type { RunEndReader } from "../runs/run-end-reader.ts";
import { tellEnds } from "../runs/tell-ends.ts";
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
  const { postgres, announce, hasOutbox } = options;
  const rows = await store.expireRuns(postgres, runs, hasOutbox);
  const changes = rows.map((row) => changedRun({ ...row, status: "EXPIRED" }));
  announce(rows[0]?.outbox_id ?? null, changes);
  await tellEnds(options, changes);
  return rows;
}
