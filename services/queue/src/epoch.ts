import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Clock, type Logger, notReady, type Telemetry } from "@windlass/chassis";
import {
  type ClaimRunsRequest,
  ClaimRunsRequestSchema,
  type ClaimRunsResponse,
  type RunQueueService,
  type WatchQueuedResponse,
} from "@windlass/proto";
import { type CallFailure, type Client, type CorrelatedStream, createCorrelatedStream } from "@windlass/proto/grpc";
import { queueLimitsFromProto, readyRunFromProto } from "./conversions.ts";
import type { CreditTurns } from "./credit-turns.ts";
import { type ClaimInit, DispatchLoop, MAX_CLAIMS_IN_FLIGHT } from "./dispatch-loop.ts";
import { LeftOut, type MemoryBound } from "./memory-bound.ts";
import type { QueueMetrics } from "./metrics.ts";
import { MAX_NEXT_CLAIMS, NextClaims } from "./next-claims.ts";
import type { ReadyQueues } from "./ready-queues.ts";
import type { Supervisors } from "./supervisors.ts";

/** When an epoch ends, how long its claims in flight may still be answered: longer than a statement, shorter than an outage. */
const SETTLE_LIMIT_MS = 5_000;

export interface EpochOptions {
  readonly client: Client<typeof RunQueueService>;
  /** Names this process at the run-store. */
  readonly queueServiceId: string;
  readonly shard: number;
  readonly supervisors: Supervisors;
  /** Shares the supervisors' credits among the shards. */
  readonly turns: CreditTurns;
  /** Bounds the runs in memory. What is left out is listed again when there is room. */
  readonly memory: MemoryBound;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly metrics: QueueMetrics;
}

/**
 * Owns a shard for one epoch: fills `ready` (empty at first) with its limits, its live leases and what waits, then with what
 * comes; dispatches as soon as the leases are known. The watch and the claims live and die together: whatever breaks one
 * ends the epoch, and the next begins with a new snapshot, so nothing has to be remembered across a break.
 *
 * Resolves when it is time to list again; rejects with what broke, which is EPOCH_STALE when another process owns the shard.
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
  readonly #leftOut: LeftOut;
  #dispatch: DispatchLoop | undefined;

  constructor(options: EpochOptions, ready: ReadyQueues) {
    this.#options = options;
    this.#ready = ready;
    this.#leftOut = new LeftOut(ready);
    this.#startMs = options.clock.monotonicMs();
    this.#claims = createCorrelatedStream<ClaimRunsRequest, ClaimRunsResponse>({
      open: (signal) => options.client.claimRuns({ signal }),
      onBreak: "reject",
      onState: (state, failure) => {
        if (state === "broken") this.#ending.abort(failure);
      },
      maxInFlight: MAX_CLAIMS_IN_FLIGHT + MAX_NEXT_CLAIMS + 1,
    });
  }

  async own(stopping: AbortSignal): Promise<void> {
    const { client, queueServiceId, shard, memory } = this.#options;
    const signal = AbortSignal.any([stopping, this.#ending.signal]);
    memory.join(this.#ready);
    try {
      for await (const message of client.watchQueued({ queueServiceId, shard }, { signal })) this.#take(message);
      throw notReady("The run-store ended the watch.");
    } catch (error) {
      const reason: unknown = this.#ending.signal.reason ?? error;
      if (reason !== listAgain) throw reason;
    } finally {
      await this.#close();
      memory.leave(this.#ready);
    }
  }

  /** What limits comes before what waits, so that no run goes before its limits are known. */
  #take(message: WatchQueuedResponse): void {
    const { clock, logger, memory, shard } = this.#options;
    const ready = this.#ready;
    this.#dispatch ??= this.#beginDispatch(message.epoch);
    for (const { environmentId, concurrencyLimit } of message.environments) {
      ready.setEnvironment(environmentId, concurrencyLimit);
    }
    for (const queue of message.queues) ready.setQueue(queueLimitsFromProto(queue));
    if (message.environments.length + message.queues.length > 0) this.#dispatch.recallNext();
    for (const run of message.leased) ready.leased(run);
    if (message.leasedComplete) ready.leasedComplete(Number(message.leasedTimeUs));
    for (const { runId, leaseToken } of message.freed) ready.freed(runId, leaseToken);
    for (const queued of message.runs) {
      const run = readyRunFromProto(queued);
      if (memory.hasRoomFor(run, ready)) ready.push(run);
      else this.#leftOut.add(run);
    }
    this.#dispatch.wake();
    if (!message.snapshotComplete) return;
    const tookMs = Math.round(clock.monotonicMs() - this.#startMs);
    const isTruncated = !this.#leftOut.isEmpty;
    logger.info("all waiting runs are listed", {
      shard,
      epoch: message.epoch,
      waiting: ready.size,
      isTruncated,
      tookMs,
    });
  }

  #beginDispatch(epoch: bigint): DispatchLoop {
    const { shard, supervisors, turns, clock, logger, telemetry, metrics } = this.#options;
    logger.info("owner of a shard", { shard, epoch });
    const parts = { ready: this.#ready, supervisors, telemetry, metrics };
    const onFailure = (failure: CallFailure): void => this.#ending.abort(failure);
    const ask = (question: MessageInitShape<typeof ClaimRunsRequestSchema>) =>
      this.#claims.ask(create(ClaimRunsRequestSchema, { epoch, shard, ...question }));
    const next = new NextClaims({
      ...parts,
      claimNext: (claim) => ask({ next: claim }),
      answerNext: () => ask({ answerNext: true }),
      onFailure,
      onSettled: () => this.#dispatch?.wake(),
    });
    return new DispatchLoop({
      ...parts,
      turns,
      next,
      claimRuns: (claims) => this.#claim(epoch, claims),
      onFailure,
      clock,
    });
  }

  #claim(epoch: bigint, claims: ClaimInit[]): Promise<ClaimRunsResponse> {
    if (this.#leftOut.isDue()) this.#ending.abort(listAgain);
    const { shard } = this.#options;
    return this.#claims.ask(create(ClaimRunsRequestSchema, { epoch, shard, claims }));
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
