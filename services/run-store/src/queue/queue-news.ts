import type {
  EnvironmentSettings,
  FreedSlot,
  LeasedRun,
  QueuedRun,
  QueueSettings,
  WatchQueuedResponse,
} from "@windlass/proto";

/** All leases of a shard at one moment. */
export interface LeaseList {
  readonly $typeName: "LeaseList";
  /** When its reading began, by the database's clock. */
  readonly timeUs: bigint;
  readonly runs: readonly LeasedRun[];
}

/** One thing that a shard's owner is told. */
export type QueueNews = QueuedRun | FreedSlot | EnvironmentSettings | QueueSettings | LeaseList;

/** Items of one message. */
const PER_MESSAGE = 1_000;

/** An empty message of an epoch, to be filled. */
export function queueMessage(epoch: bigint): WatchQueuedResponse {
  return {
    $typeName: "windlass.internal.v1.WatchQueuedResponse",
    epoch,
    runs: [],
    snapshotComplete: false,
    environments: [],
    queues: [],
    leased: [],
    leasedComplete: false,
    freed: [],
    leasedTimeUs: 0n,
  };
}

/** What was told, in messages of bounded size; what was told first is in none after what was told later, except that the lists of leases go by themselves. */
export function* queueMessages(epoch: bigint, news: readonly QueueNews[]): Generator<WatchQueuedResponse, void> {
  let message = queueMessage(epoch);
  let size = 0;
  for (const item of news) {
    if (size === PER_MESSAGE || (item.$typeName === "LeaseList" && size > 0)) {
      yield message;
      message = queueMessage(epoch);
      size = 0;
    }
    if (item.$typeName === "LeaseList") {
      yield* leaseMessages(epoch, item);
    } else {
      add(message, item);
      size += 1;
    }
  }
  if (size > 0) yield message;
}

/** A list of leases, with `leasedComplete` in its last message; an empty list is one message. */
export function* leaseMessages(epoch: bigint, { runs, timeUs }: LeaseList): Generator<WatchQueuedResponse, void> {
  for (let start = 0; start === 0 || start < runs.length; start += PER_MESSAGE) {
    const end = start + PER_MESSAGE;
    yield {
      ...queueMessage(epoch),
      leased: runs.slice(start, end),
      leasedComplete: end >= runs.length,
      leasedTimeUs: timeUs,
    };
  }
}

function add(message: WatchQueuedResponse, item: Exclude<QueueNews, LeaseList>): void {
  switch (item.$typeName) {
    case "windlass.internal.v1.QueuedRun":
      message.runs.push(item);
      break;
    case "windlass.internal.v1.FreedSlot":
      message.freed.push(item);
      break;
    case "windlass.internal.v1.EnvironmentSettings":
      message.environments.push(item);
      break;
    case "windlass.internal.v1.QueueSettings":
      message.queues.push(item);
      break;
  }
}
