import { create } from "@bufbuild/protobuf";
import { type Clock, type Logger, notReady, type Telemetry } from "@windlass/chassis";
import {
  type ClaimRunsRequest,
  ClaimRunsRequestSchema,
  type ClaimRunsResponse,
  type QueuedRun,
  type RunQueueService,
  type WatchQueuedResponse,
} from "@windlass/proto";
import { type Client, type CorrelatedStream, createCorrelatedStream } from "@windlass/proto/grpc";
import { type ClaimInit, DispatchLoop, MAX_CLAIMS_IN_FLIGHT } from "./dispatch-loop.ts";
import type { QueueMetrics } from "./metrics.ts";
import type { ReadyQueues } from "./ready-queues.ts";
import type { Supervisors } from "./supervisors.ts";
import type { ReadyRun } from "./waiting-line.ts";

/** When an epoch ends, how long its claims in flight may still be answered: longer than a statement, shorter than an outage. */
const SETTLE_LIMIT_MS = 5_000;

export interface EpochOptions {
  readonly client: Client<typeof RunQueueService>;
  /** Names this process at the run-store. */
  readonly queueServiceId: string;
  readonly supervisors: Supervisors;
  /** Runs kept in memory. When more wait, they are listed again once half of these have gone. */
  readonly maxReadyRuns: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly metrics: QueueMetrics;
}

/**
 * Owns the queue for one epoch: fills `ready` (empty at first) with what waits and with what comes, and dispatches it from
 * the first message on. The watch and the claims live and die together: whatever breaks one ends the epoch, and the next
 * begins with a new snapshot, so nothing has to be remembered across a break.
 *
 * Resolves when it is time to list again; rejects with what broke, which is EPOCH_STALE when another process owns the queue.
 */
export function ownEpoch(options: EpochOptions, ready: ReadyQueues, stopping: AbortSignal): Promise<void> {
  return new Epoch(options, ready).own(stopping);
}

/** Why an epoch of its own accord makes way for the next. */
const listAgain = new Error("Runs were left out of memory, and there is room for them now.");

class Epoch {
  readonly #options: EpochOptions;
  readonly #ready: ReadyQueues;
  readonly #ending = new AbortController();
  readonly #startMs: number;
  readonly #claims: CorrelatedStream<ClaimRunsRequest, ClaimRunsResponse>;
  #dispatch: DispatchLoop | undefined;
  #isTruncated = false;

  constructor(options: EpochOptions, ready: ReadyQueues) {
    this.#options = options;
    this.#ready = ready;
    this.#startMs = options.clock.monotonicMs();
    this.#claims = createCorrelatedStream<ClaimRunsRequest, ClaimRunsResponse>({
      open: (signal) => options.client.claimRuns({ signal }),
      onBreak: "reject",
      onState: (state, failure) => {
        if (state === "broken") this.#ending.abort(failure);
      },
      maxInFlight: MAX_CLAIMS_IN_FLIGHT,
    });
  }

  async own(stopping: AbortSignal): Promise<void> {
    const { client, queueServiceId } = this.#options;
    const signal = AbortSignal.any([stopping, this.#ending.signal]);
    try {
      for await (const message of client.watchQueued({ queueServiceId }, { signal })) this.#take(message);
      throw notReady("The run-store ended the watch.");
    } catch (error) {
      const reason: unknown = this.#ending.signal.reason ?? error;
      if (reason !== listAgain) throw reason;
    } finally {
      await this.#close();
    }
  }

  #take({ epoch, runs, snapshotComplete }: WatchQueuedResponse): void {
    const { clock, logger, maxReadyRuns } = this.#options;
    this.#dispatch ??= this.#beginDispatch(epoch);
    for (const run of runs) {
      if (this.#ready.size < maxReadyRuns) this.#ready.push(readyRunFromProto(run));
      else this.#isTruncated = true;
    }
    this.#dispatch.wake();
    if (!snapshotComplete) return;
    const tookMs = Math.round(clock.monotonicMs() - this.#startMs);
    logger.info("all waiting runs are listed", {
      epoch,
      waiting: this.#ready.size,
      isTruncated: this.#isTruncated,
      tookMs,
    });
  }

  #beginDispatch(epoch: bigint): DispatchLoop {
    const { supervisors, clock, logger, telemetry, metrics } = this.#options;
    logger.info("owner of the queue", { epoch });
    return new DispatchLoop({
      ready: this.#ready,
      supervisors,
      claimRuns: (claims) => this.#claim(epoch, claims),
      onFailure: (failure) => this.#ending.abort(failure),
      clock,
      telemetry,
      metrics,
    });
  }

  #claim(epoch: bigint, claims: ClaimInit[]): Promise<ClaimRunsResponse> {
    if (this.#isTruncated && this.#ready.size <= this.#options.maxReadyRuns / 2) this.#ending.abort(listAgain);
    return this.#claims.ask(create(ClaimRunsRequestSchema, { epoch, claims }));
  }

  /** Claims in flight are still answered when only the watch has broken: their leases need not be lost. */
  async #close(): Promise<void> {
    const settled = new AbortController();
    const limit = this.#options.clock.sleep(SETTLE_LIMIT_MS, settled.signal).catch(() => undefined);
    await Promise.race([this.#dispatch?.close(), limit]);
    settled.abort();
    await this.#claims.close();
  }
}

function readyRunFromProto(run: QueuedRun): ReadyRun {
  const { environmentId, queue, runId, queueTimeUs, traceparent, supervisorId } = run;
  return { environmentId, queue, runId, queueTimeUs: Number(queueTimeUs), traceparent, supervisorId };
}
