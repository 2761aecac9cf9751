import type { Component, Logger, Queryable } from "@windlass/chassis";
import { type Hold, type QueueState, QueueStateService } from "@windlass/proto";
import { type Client, type ClientChannel, createChannel, createClient } from "@windlass/proto/grpc";
import { selectQueueServiceOf } from "../store/queue-services.ts";

/** What queue services have in memory, for people who ask. */
export interface QueueStates extends Component {
  /** How full queues are, in their order; undefined when their owner cannot be asked. */
  describe(environmentId: string, queues: readonly string[]): Promise<QueueState[] | undefined>;
  /** Why a queued run has not begun, if the owner of its queue knows; undefined when that one cannot be asked. */
  explain(environmentId: string, runId: string): Promise<{ readonly hold: Hold | undefined } | undefined>;
}

/** An owner that takes longer is as good as away. */
const TIMEOUT_MS = 1_000;
/** Connections kept; services come and go, so the oldest is let go of first (I10). */
const MAX_CHANNELS = 16;

/** Asks the owner of an environment's shard, as it is told by HoldShards. */
export function createQueueStates({
  db,
  token,
  logger,
}: {
  readonly db: Queryable;
  /** The internal one. */
  readonly token: string;
  readonly logger: Logger;
}): QueueStates {
  const channels = new Map<string, ClientChannel>();

  const clientOf = (address: string): Client<typeof QueueStateService> => {
    let channel = channels.get(address);
    if (channel === undefined) {
      const [oldest] = channels;
      if (channels.size >= MAX_CHANNELS && oldest !== undefined) {
        channels.delete(oldest[0]);
        oldest[1].close();
      }
      channel = createChannel(address, { token });
      channels.set(address, channel);
    }
    return createClient(QueueStateService, channel);
  };

  const ask = async <T>(
    environmentId: string,
    question: (owner: Client<typeof QueueStateService>) => Promise<T>,
  ): Promise<T | undefined> => {
    const owner = await selectQueueServiceOf(db, environmentId);
    if (owner === undefined) return undefined;
    try {
      return await question(clientOf(owner.address));
    } catch (error) {
      logger.debug("the queue service that owns a shard does not answer", { ...owner, environmentId, error });
      return undefined;
    }
  };

  return {
    name: "queue states",
    describe: async (environmentId, queues) => {
      const request = { environmentId, queues: [...queues] };
      const answer = await ask(environmentId, (owner) => owner.describeQueues(request, { timeoutMs: TIMEOUT_MS }));
      return answer?.states.length === queues.length ? answer.states : undefined;
    },
    explain: async (environmentId, runId) => {
      const request = { environmentId, runId };
      const answer = await ask(environmentId, (owner) => owner.explainRun(request, { timeoutMs: TIMEOUT_MS }));
      return answer === undefined ? undefined : { hold: answer.hold };
    },
    start: () => Promise.resolve(),
    stop() {
      for (const channel of channels.values()) channel.close();
      channels.clear();
      return Promise.resolve();
    },
  };
}
