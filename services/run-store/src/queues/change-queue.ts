import type { Queryable } from "@windlass/chassis";
import type { Queue } from "@windlass/proto";
import { queueSettingsToProto } from "../conversions/queue-settings.ts";
import { queueNotFound } from "../failures.ts";
import type { QueueAnnouncer } from "../queue/announce-queue-news.ts";
import type { QueueRow } from "../store/queue-row.ts";
import { setQueueOverride, setQueuePaused } from "../store/queues.ts";
import { describeQueues, type DescribeQueuesOptions } from "./describe-queues.ts";

/** What changing queues works with. */
export interface ChangeQueueOptions extends DescribeQueuesOptions {
  readonly queueNews: QueueAnnouncer;
}

/** Pauses a queue or lets it go on. Its owner is told at once; should that be lost, by the next sweep. Throws QUEUE_NOT_FOUND. */
export function pauseQueue(
  options: ChangeQueueOptions,
  environmentId: string,
  name: string,
  isPaused: boolean,
): Promise<Queue> {
  return change(options, name, (db) => setQueuePaused(db, environmentId, name, isPaused));
}

/** Sets the limit that goes before the declared one, or (null) removes it. Its owner is told as of a pause. Throws QUEUE_NOT_FOUND. */
export function overrideConcurrencyLimit(
  options: ChangeQueueOptions,
  environmentId: string,
  name: string,
  limit: number | null,
): Promise<Queue> {
  return change(options, name, (db) => setQueueOverride(db, environmentId, name, limit));
}

async function change(
  options: ChangeQueueOptions,
  name: string,
  write: (db: Queryable) => Promise<QueueRow | undefined>,
): Promise<Queue> {
  const row = await write(options.db);
  if (row === undefined) throw queueNotFound(name);
  options.queueNews.settings([queueSettingsToProto(row)]);
  const [queue] = await describeQueues(options, row.environment_id, [row]);
  if (queue === undefined) throw new Error("a queue has no description");
  return queue;
}
