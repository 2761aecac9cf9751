import { DiscardPolicy, JetStreamApiError, jetstreamManager, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import { type NatsConnection, nanos } from "@nats-io/transport-node";

export interface StreamOptions {
  readonly name: string;
  readonly subjects: readonly string[];
  /** Older messages are dropped. */
  readonly maxAgeMs: number;
  /** The oldest messages are dropped to stay below. */
  readonly maxBytes: number;
}

/**
 * A message id seen again within this time is dropped: it covers a publish repeated after a lost answer. Short, because the
 * server keeps every id of the window in memory: 10 s at 12,000 messages a second are some 20 MB.
 */
const duplicateWindowMs = 10_000;
const streamNameInUse = 10058;

/** Makes the stream. One of that name that exists stays as it is: whoever tuned it knows better. */
export async function ensureStreamExists(connection: NatsConnection, options: StreamOptions): Promise<void> {
  const manager = await jetstreamManager(connection);
  try {
    await manager.streams.add({
      name: options.name,
      subjects: [...options.subjects],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: nanos(options.maxAgeMs),
      max_bytes: options.maxBytes,
      duplicate_window: nanos(Math.min(duplicateWindowMs, options.maxAgeMs)),
    });
  } catch (error) {
    if (!(error instanceof JetStreamApiError && error.code === streamNameInUse)) throw error;
  }
}
