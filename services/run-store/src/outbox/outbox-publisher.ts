import type { Clock, Component, Logger, Nats, Queryable } from "@windlass/chassis";
import type { ChangedRun } from "../announce-changes.ts";
import { runKey } from "../feed/feed.ts";
import { deleteOutbox } from "../store/delete-outbox.ts";
import { runNoticeMessage } from "./run-notice.ts";

/** Publishes what this process has committed, and then removes the outbox rows. */
export interface OutboxPublisher extends Component {
  /** Whether statements shall write outbox rows at all: there is a NATS to publish to. */
  readonly enabled: boolean;
  /** Takes the changes of a committed outbox row. Never waits; what cannot be published now stays in the outbox for the sweep. */
  add(outboxId: number, changes: readonly ChangedRun[]): void;
  /** Changes that wait to be published. */
  readonly depth: number;
}

/** For a cluster without NATS: nothing is written, nothing is published. */
export const NO_OUTBOX: OutboxPublisher = {
  name: "outbox",
  enabled: false,
  depth: 0,
  add: () => undefined,
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
};

/** Runs that may wait to be published; more are left to the sweep (I10). */
const MAX_PENDING = 20_000;
/** A notice only hints, so of several changes of a run the last is enough: under load, publications this far apart tell most runs once instead of three times. */
const MIN_INTERVAL_MS = 50;
/** Rows published are removed this much later, many at once. */
const DELETE_DELAY_MS = 500;

/**
 * The first change after a pause is published in the same turn of the event loop; while one publication is under way or has just been, changes gather, and of each run the last is kept.
 * A crash leaves rows that were not published, or published and not removed: the sweep publishes them (again).
 */
export function createOutboxPublisher(options: {
  readonly nats: Nats;
  readonly db: Queryable;
  readonly clock: Clock;
  readonly logger: Logger;
}): OutboxPublisher {
  const { nats, db, clock, logger } = options;
  const stopped = new AbortController();
  let changes = new Map<string, ChangedRun>();
  let outboxIds: number[] = [];
  let publishedIds: number[] = [];
  let isResting = false;
  let isBeginning = false;
  let publishing: Promise<void> | undefined;
  let deleting: Promise<void> | undefined;

  const publish = async (taken: ReadonlyMap<string, ChangedRun>, ids: readonly number[]): Promise<void> => {
    try {
      await nats.publishDurably(Array.from(taken.values(), runNoticeMessage), stopped.signal);
      publishedIds.push(...ids);
      scheduleDelete();
    } catch (error) {
      logger.debug("run notices left to the sweep", { count: taken.size, error });
    }
  };

  const begin = (): void => {
    if (isResting || publishing !== undefined || changes.size === 0 || stopped.signal.aborted) return;
    const taken = changes;
    const ids = outboxIds;
    changes = new Map();
    outboxIds = [];
    isResting = true;
    clock
      .setTimeout(() => {
        isResting = false;
        begin();
      }, MIN_INTERVAL_MS)
      .unref();
    publishing = publish(taken, ids).finally(() => {
      publishing = undefined;
      begin();
    });
  };

  /** After the streams of this turn: whoever waits for a run hears first, and the world in a fraction of a millisecond. */
  const beginSoon = (): void => {
    if (isBeginning) return;
    isBeginning = true;
    setImmediate(() => {
      isBeginning = false;
      begin();
    });
  };

  const deletePublished = async (): Promise<void> => {
    const ids = publishedIds;
    publishedIds = [];
    if (ids.length === 0) return;
    try {
      await deleteOutbox(db, ids);
    } catch (error) {
      logger.debug("published outbox rows are left to the sweep", { count: ids.length, error });
    }
  };

  const scheduleDelete = (): void => {
    if (deleting !== undefined || stopped.signal.aborted) return;
    deleting = clock.sleep(DELETE_DELAY_MS, stopped.signal).then(
      async () => {
        await deletePublished();
        deleting = undefined;
        if (publishedIds.length > 0) scheduleDelete();
      },
      () => undefined, // Stopping removes the rest.
    );
  };

  return {
    name: "outbox",
    enabled: true,
    get depth() {
      return changes.size;
    },
    add(outboxId, changed) {
      if (!nats.connected || changes.size >= MAX_PENDING) return;
      outboxIds.push(outboxId);
      for (const change of changed) changes.set(runKey(change.environmentId, change.runId), change);
      beginSoon();
    },
    start: () => Promise.resolve(),
    async stop() {
      stopped.abort(new Error("the outbox was stopped"));
      await publishing;
      await deleting;
      await deletePublished();
    },
  };
}
