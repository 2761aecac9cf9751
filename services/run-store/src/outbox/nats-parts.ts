import { type Clock, type Component, createNats, type Logger, type Queryable } from "@windlass/chassis";
import type { Feed } from "../feed/feed.ts";
import type { RunEndReader } from "../runs/run-end-reader.ts";
import { createQueueHints, NO_QUEUE_HINTS, type QueueHints } from "../queue/queue-hints.ts";
import { createTokenHints, NO_TOKEN_HINTS, type TokenHints } from "../tokens/token-hints.ts";
import { createOutboxPublisher, NO_OUTBOX, type OutboxPublisher } from "./outbox-publisher.ts";
import { createOutboxSweepLoop } from "./outbox-sweep-loop.ts";
import { createReplicaNotices } from "./replica-notices.ts";
import { RUN_STREAM } from "./run-notice.ts";

/** What a run-store does with NATS: nothing at all without a server. */
export interface NatsParts {
  readonly outbox: OutboxPublisher;
  readonly tokenHints: TokenHints;
  readonly queueHints: QueueHints;
  /** In the order in which they start. */
  readonly components: readonly Component[];
}

export function createNatsParts(
  urls: readonly string[],
  options: {
    readonly db: Queryable;
    readonly feed: Feed;
    readonly reader: RunEndReader;
    readonly clock: Clock;
    readonly logger: Logger;
  },
): NatsParts {
  if (urls.length === 0)
    return { outbox: NO_OUTBOX, tokenHints: NO_TOKEN_HINTS, queueHints: NO_QUEUE_HINTS, components: [] };
  const nats = createNats({ urls, name: "windlass-run-store", logger: options.logger });
  nats.ensureStream(RUN_STREAM);
  const parts = { ...options, nats };
  const outbox = createOutboxPublisher(parts);
  const tokenHints = createTokenHints(parts);
  const queueHints = createQueueHints(parts);
  const components = [nats, outbox, createOutboxSweepLoop(parts), createReplicaNotices(parts), tokenHints, queueHints];
  return { outbox, tokenHints, queueHints, components };
}
