import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Component, Logger, Nats } from "@windlass/chassis";
import { WatchQueuedResponseSchema } from "@windlass/proto";
import type { Feed } from "../feed/feed.ts";
import { queueMessages, type QueueNews } from "./queue-news.ts";

/** What replicas tell each other of slots and settings: a queue service hears of both through the one that it watches. */
export type HintedNews = Exclude<QueueNews, { readonly $typeName: "LeaseList" | "windlass.internal.v1.QueuedRun" }>;

/** Hints between replicas, by core NATS. They need no outbox: the sweep of every watch tells what a lost one did not (I9). */
export interface QueueHints extends Component {
  /** Never waits. */
  tell(news: readonly HintedNews[]): void;
}

/** For a cluster without NATS. */
export const NO_QUEUE_HINTS: QueueHints = {
  name: "queue hints",
  tell: () => undefined,
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
};

const SUBJECT = "windlass.internal.v1.queue";

export function createQueueHints({
  nats,
  feed,
  logger,
}: {
  readonly nats: Nats;
  readonly feed: Feed;
  readonly logger: Logger;
}): QueueHints {
  let unsubscribe: (() => void) | undefined;
  let gathered: HintedNews[] = [];

  const publish = (): void => {
    const news = gathered;
    gathered = [];
    // In the form in which the queue is told, which no epoch has yet.
    for (const message of queueMessages(0n, news)) nats.publish(SUBJECT, toBinary(WatchQueuedResponseSchema, message));
  };

  const hear = (data: Uint8Array): void => {
    try {
      const { freed, environments, queues } = fromBinary(WatchQueuedResponseSchema, data);
      feed.queueSettings.publish([...environments, ...queues]);
      feed.freed.publish(freed);
    } catch (error) {
      logger.debug("a hint of another replica cannot be read", { error });
    }
  };
  return {
    name: "queue hints",
    tell(news) {
      // What a turn of the event loop brings goes at its end, after what its own streams are told: they hear first, and others in a fraction of a millisecond.
      if (gathered.length === 0) setImmediate(publish);
      for (const each of news) gathered.push(each);
    },
    start() {
      unsubscribe = nats.subscribe(SUBJECT, ({ data }) => hear(data));
      return Promise.resolve();
    },
    stop() {
      unsubscribe?.();
      return Promise.resolve();
    },
  };
}
