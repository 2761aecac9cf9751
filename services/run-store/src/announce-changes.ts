import { type Feed, runKey } from "./feed/feed.ts";
import type { OutboxPublisher } from "./outbox/outbox-publisher.ts";
import { isTerminal, type RunStatusName } from "./run-state.ts";

/** A run that a committed statement changed. */
export interface ChangedRun {
  readonly environmentId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly status: RunStatusName;
  readonly revision: number;
  readonly eventSeq: number;
}

/** A run that a statement changed, in the statement's words. */
export function changedRun(row: {
  readonly environment_id: string;
  readonly id: string;
  readonly task_id: string;
  readonly status: RunStatusName;
  readonly revision: number;
  readonly event_seq: number;
}): ChangedRun {
  return {
    environmentId: row.environment_id,
    runId: row.id,
    taskId: row.task_id,
    status: row.status,
    revision: row.revision,
    eventSeq: row.event_seq,
  };
}

/** Tells whoever watches these runs, here and, through the outbox row of that id, in the outside world. */
export type AnnounceChanges = (outboxId: number | null, changes: readonly ChangedRun[]) => void;

/** Of a run that was just stored. Later changes do not make a run live: their commits may be told here in another order than they were made. */
const FIRST_REVISION = 1;

/** A crash between the commit and this call tells nobody here, as nobody is left here; the outbox row is published by the sweep. */
export function createAnnouncer(feed: Feed, outbox: OutboxPublisher): AnnounceChanges {
  return (outboxId, changes) => {
    for (const change of changes) {
      const key = runKey(change.environmentId, change.runId);
      const hasEnded = isTerminal(change.status);
      if (hasEnded) feed.liveRuns.delete(key);
      else if (change.revision === FIRST_REVISION) feed.liveRuns.add(key);
      if (feed.runChanges.has(key))
        feed.runChanges.publish(key, { eventSeq: BigInt(change.eventSeq), isTerminal: hasEnded });
    }
    if (outboxId !== null) outbox.add(outboxId, changes);
  };
}
