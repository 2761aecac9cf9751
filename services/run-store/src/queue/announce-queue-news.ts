import type { EnvironmentSettings, FreedSlot, QueueSettings } from "@windlass/proto";
import type { Feed } from "../feed/feed.ts";
import type { QueueHints } from "./queue-hints.ts";

/** Tells the owners of shards, here and at other replicas, what committed statements have changed. Never waits; what is lost the sweeps make up for. */
export interface QueueAnnouncer {
  /** Leases that hold no slot any more. */
  freed(slots: readonly FreedSlot[]): void;
  /** Settings as they are now. */
  settings(changes: readonly (EnvironmentSettings | QueueSettings)[]): void;
}

export function createQueueAnnouncer(feed: Feed, hints: QueueHints): QueueAnnouncer {
  return {
    freed(slots) {
      feed.freed.publish(slots);
      hints.tell(slots);
    },
    settings(changes) {
      feed.queueSettings.publish(changes);
      hints.tell(changes);
    },
  };
}
