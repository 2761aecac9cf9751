import {
  backoffMs,
  type Clock,
  type Component,
  type Logger,
  type ServiceClient,
  type Telemetry,
} from "@windlass/chassis";
import { ErrorReason, type RunQueueService } from "@windlass/proto";
import { asCallFailure, type CallFailure } from "@windlass/proto/grpc";
import { type EpochOptions, ownEpoch } from "./epoch.ts";
import { createQueueMetrics } from "./metrics.ts";
import { ReadyQueues } from "./ready-queues.ts";
import type { Supervisors } from "./supervisors.ts";

/** Some 200 MB. */
const MAX_READY_RUNS = 1_000_000;
/** An epoch that lasted this long was a good one: the next break is a new one. */
const GOOD_EPOCH_MS = 10_000;

export interface OwnershipLoopOptions {
  readonly client: ServiceClient<typeof RunQueueService>;
  /** Names this process at the run-store. */
  readonly queueServiceId: string;
  readonly supervisors: Supervisors;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  /** Another process owns the queue now: called once, and then nothing more is claimed. */
  readonly onSuperseded: (failure: CallFailure) => void;
  /** Default 1,000,000. */
  readonly maxReadyRuns?: number;
}

/**
 * Owns the queue, epoch after epoch, until it is stopped or another process takes it over. While the run-store is away,
 * supervisors keep their streams and credits; nothing is dispatched.
 */
export function createOwnershipLoop(options: OwnershipLoopOptions): Component {
  return new OwnershipLoop(options);
}

class OwnershipLoop implements Component {
  readonly name = "ownership loop";
  readonly #options: OwnershipLoopOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  /** What waits, as far as this epoch knows. */
  #ready = new ReadyQueues();

  constructor(options: OwnershipLoopOptions) {
    this.#options = options;
  }

  /** Resolves at once: the run-store may come later, and go and come again. */
  start(): Promise<void> {
    const { telemetry, maxReadyRuns = MAX_READY_RUNS } = this.#options;
    const metrics = createQueueMetrics(telemetry, {
      depth: () => this.#ready.size,
      oldestAgeS: () => this.#oldestAgeS(),
    });
    this.#running = this.#run({ ...this.#options, maxReadyRuns, metrics });
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(options: EpochOptions): Promise<void> {
    const { clock, logger } = options;
    const { client } = this.#options;
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      // Gives up only when we stop; whatever else is wrong, the epoch says.
      await client.channel.waitForReady(signal).catch(() => undefined);
      const startMs = clock.monotonicMs();
      this.#ready = new ReadyQueues();
      const failure = await ownEpoch(options, this.#ready, signal).then(() => undefined, asCallFailure);
      if (failure === undefined) continue;
      if (failure.reason === ErrorReason.EPOCH_STALE) {
        this.#options.onSuperseded(failure);
        return;
      }
      if (signal.aborted) return;
      failures = clock.monotonicMs() - startMs < GOOD_EPOCH_MS ? failures + 1 : 1;
      const retryMs = backoffMs(failures);
      // One line tells of an outage; the others are for those who look closer.
      logger[failures === 1 ? "warn" : "debug"]("not the owner of the queue", { error: failure, retryMs });
      await clock.sleep(retryMs, signal).catch(() => undefined);
    }
  }

  /** The times are the database's and the clock is ours: good enough to see a queue that stands still. */
  #oldestAgeS(): number {
    const oldestUs = this.#ready.oldestQueueTimeUs();
    return oldestUs === undefined ? 0 : Math.max(0, this.#options.clock.nowMs() / 1_000 - oldestUs / 1_000_000);
  }
}
