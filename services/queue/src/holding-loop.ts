import { type Clock, type Component, type Logger, type ServiceClient } from "@windlass/chassis";
import type { HoldShardsRequestSchema, HoldShardsResponse, RunQueueService } from "@windlass/proto";
import { asCallFailure, backoffMs, type BidiCall, type CallFailure } from "@windlass/proto/grpc";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Shards } from "./shards.ts";

/** The run-store gives the shards of one that is silent for 3 s to others. */
const HELLO_INTERVAL_MS = 1_000;
/** How long the last hello, which hands all shards over, may take. */
const FAREWELL_LIMIT_MS = 1_000;

type Call = BidiCall<MessageInitShape<typeof HoldShardsRequestSchema>, HoldShardsResponse>;

export interface HoldingLoopOptions {
  readonly client: ServiceClient<typeof RunQueueService>;
  /** Names this process at the run-store. */
  readonly queueServiceId: string;
  /** Where the run-store reaches this process; asked once it has started. */
  readonly address: () => string;
  readonly shards: Shards;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Says hello every second for as long as the process lives, and follows the run-store in which shards it owns. */
export interface HoldingLoop extends Component {
  /** Something is worth saying before the second is over. */
  hello(): void;
  /** Lets go of all shards and says so, so that others have them at once. */
  drain(signal: AbortSignal): Promise<void>;
}

/**
 * Makes the loop. When the stream breaks it is opened again; shards that are lost meanwhile say so themselves, because their
 * epoch is refused (I4). When the process dies, the run-store gives its shards to others after 3 s of silence.
 */
export function createHoldingLoop(options: HoldingLoopOptions): HoldingLoop {
  const { client, queueServiceId, address, shards, clock, logger } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let running: Promise<void> | undefined;
  let leaving: Promise<void> | undefined;
  const isLeaving = (): boolean => leaving !== undefined || signal.aborted;
  let call: Call | undefined;

  function hello(): void {
    call?.send({ queueServiceId, address: address(), releasedShards: shards.released });
  }

  async function keepSaying(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      await clock.sleep(HELLO_INTERVAL_MS, until).catch(() => undefined);
      if (!until.aborted) hello();
    }
  }

  /** One stream from open to break. */
  async function converse(): Promise<CallFailure | undefined> {
    const ended = new AbortController();
    try {
      const opened = client.holdShards({ signal });
      call = opened;
      hello();
      void keepSaying(AbortSignal.any([signal, ended.signal]));
      for await (const response of opened.responses) shards.follow(response);
      return undefined;
    } catch (error) {
      return asCallFailure(error);
    } finally {
      call = undefined;
      ended.abort();
    }
  }

  async function run(): Promise<void> {
    let failures = 0;
    while (!isLeaving()) {
      await client.channel.waitForReady(signal).catch(() => undefined);
      if (signal.aborted) return;
      const startMs = clock.monotonicMs();
      const failure = await converse();
      if (isLeaving()) return;
      failures = clock.monotonicMs() - startMs < 2 * HELLO_INTERVAL_MS ? failures + 1 : 1;
      const retryMs = backoffMs(failures);
      // One line tells of an outage; the others are for those who look closer.
      logger[failures === 1 ? "warn" : "debug"]("cannot say hello to the run-store", { error: failure, retryMs });
      await clock.sleep(retryMs, signal).catch(() => undefined);
    }
  }

  async function leave(): Promise<void> {
    await shards.close();
    const last = call;
    if (last === undefined) return;
    hello();
    call = undefined;
    last.end();
    const farewell = new AbortController();
    const limit = clock.sleep(FAREWELL_LIMIT_MS, farewell.signal).catch(() => undefined);
    await Promise.race([running, limit]);
    farewell.abort();
  }

  return {
    name: "shards",
    hello,
    /** Resolves at once: the run-store may come later, and go and come again. */
    start() {
      running = run();
      return Promise.resolve();
    },
    drain: () => (leaving ??= leave()),
    async stop() {
      await (leaving ??= leave());
      stopping.abort();
      await running;
    },
  };
}
