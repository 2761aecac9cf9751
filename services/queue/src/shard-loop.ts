import { type ServiceClient } from "@windlass/chassis";
import { ErrorReason, type RunQueueService } from "@windlass/proto";
import { asCallFailure, backoffMs } from "@windlass/proto/grpc";
import { type EpochOptions, ownEpoch } from "./epoch.ts";
import { ReadyQueues } from "./ready-queues.ts";

/** An epoch that lasted this long was a good one: the next break is a new one. */
const GOOD_EPOCH_MS = 10_000;

export interface ShardLoopOptions extends EpochOptions {
  readonly client: ServiceClient<typeof RunQueueService>;
  /** Another process owns the shard: called once, and then nothing more is claimed. */
  readonly onStale: () => void;
}

/** One shard of the queue space, owned epoch after epoch until it is let go or another process takes it over. */
export interface ShardLoop {
  readonly shard: number;
  /** What waits in it, as far as this epoch knows. */
  readonly ready: ReadyQueues;
  /** Lets the shard go: claims in flight are answered and pushed (for at most 5 s), then nothing more is claimed. Twice is fine. */
  stop(): Promise<void>;
}

/**
 * Takes up a shard. While the run-store is away, supervisors keep their streams and credits; nothing of the shard is
 * dispatched.
 */
export function startShardLoop(options: ShardLoopOptions): ShardLoop {
  const { client, clock, logger, shard } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const emptyQueues = (): ReadyQueues => new ReadyQueues(() => clock.monotonicMs());
  let ready = emptyQueues();

  async function run(): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      // Gives up only when we stop; whatever else is wrong, the epoch says.
      await client.channel.waitForReady(signal).catch(() => undefined);
      if (signal.aborted) return;
      const startMs = clock.monotonicMs();
      ready = emptyQueues();
      const failure = await ownEpoch(options, ready, signal).then(() => undefined, asCallFailure);
      if (failure === undefined) continue;
      if (signal.aborted) return;
      if (failure.reason === ErrorReason.EPOCH_STALE) {
        logger.info("another queue service owns the shard", { shard });
        options.onStale();
        return;
      }
      failures = clock.monotonicMs() - startMs < GOOD_EPOCH_MS ? failures + 1 : 1;
      const retryMs = backoffMs(failures);
      // One line tells of an outage; the others are for those who look closer.
      logger[failures === 1 ? "warn" : "debug"]("a shard cannot be owned", { shard, error: failure, retryMs });
      await clock.sleep(retryMs, signal).catch(() => undefined);
    }
  }

  const running = run();
  return {
    shard,
    get ready() {
      return ready;
    },
    stop() {
      stopping.abort();
      return running;
    },
  };
}
