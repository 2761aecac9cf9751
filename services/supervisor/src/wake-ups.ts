import { timestampMs } from "@bufbuild/protobuf/wkt";
import { actingFor, type Clock, type Logger } from "@windlass/chassis";
import type {
  AwaitRunsRequest,
  AwaitRunsResponse,
  AwaitTokensRequest,
  AwaitTokensResponse,
  RunService,
  Wait,
  WaitpointService,
} from "@windlass/proto";
import type { BidiCall, Client } from "@windlass/proto/grpc";
import { type AwaitedEnd, type AwaitEnds, createAwaitEnds } from "./await-ends.ts";
import { watchBatch } from "./watch-batch.ts";

/** Knows when waits are over. */
export interface WakeUps {
  /** Calls `onOver` once, when what the wait names has come; never in the same turn. Returns what takes that back. */
  watch(environmentId: string, wait: Wait, onOver: () => void): () => void;
  close(): Promise<void>;
}

/** As many as one stream may have unanswered. */
const maxUnanswered = 10_000;
const maxNamedOfBatch = 100;

/**
 * A moment is waited for by the clock, runs and tokens over one stream for each environment. Of a batch, however large, only a few runs at
 * a time are named: so the waits of all suspended processes stay within what one stream may ask.
 */
export function createWakeUps(options: {
  runs: Pick<Client<typeof RunService>, "awaitRuns" | "listRuns">;
  tokens: Pick<Client<typeof WaitpointService>, "awaitTokens">;
  maxSuspended: number;
  clock: Clock;
  logger: Logger;
}): WakeUps {
  const { runs, tokens, maxSuspended, clock, logger } = options;
  const namedOfBatch = Math.max(1, Math.min(maxNamedOfBatch, Math.floor(maxUnanswered / maxSuspended)));
  const awaiting = new Map<string, AwaitEnds>();

  function awaiter<Req, Res>(
    key: string,
    stream: {
      open: (signal: AbortSignal) => BidiCall<Req, Res>;
      name: (ids: string[]) => Req;
      endsOf: (message: Res) => readonly AwaitedEnd[];
    },
  ): AwaitEnds {
    const found = awaiting.get(key);
    if (found !== undefined) return found;
    const made = createAwaitEnds({ ...stream, onIdle: () => awaiting.delete(key), clock, logger });
    awaiting.set(key, made);
    return made;
  }

  function endsOfRuns(environmentId: string): AwaitEnds {
    return awaiter<Partial<AwaitRunsRequest>, AwaitRunsResponse>(`runs of ${environmentId}`, {
      open: (signal) => runs.awaitRuns({ signal, metadata: actingFor(environmentId) }),
      name: (runIds) => ({ runIds, isEndEnough: true }),
      endsOf: ({ results }) =>
        results.map(({ runId: id, result }) => ({ id, error: result.case === "error" ? result.value : undefined })),
    });
  }

  function endsOfTokens(environmentId: string): AwaitEnds {
    return awaiter<Partial<AwaitTokensRequest>, AwaitTokensResponse>(`tokens of ${environmentId}`, {
      open: (signal) => tokens.awaitTokens({ signal, metadata: actingFor(environmentId) }),
      name: (tokenIds) => ({ tokenIds }),
      endsOf: ({ results }) =>
        results.map(({ tokenId: id, result }) => ({ id, error: result.case === "error" ? result.value : undefined })),
    });
  }

  return {
    watch(environmentId, { kind }, onOver) {
      switch (kind.case) {
        case "runId":
          return endsOfRuns(environmentId).watch(kind.value, onOver);
        case "tokenId":
          return endsOfTokens(environmentId).watch(kind.value, onOver);
        case "batch": {
          const endsOf = () => endsOfRuns(environmentId);
          const pageSize = namedOfBatch;
          return watchBatch({ environmentId, runs, endsOfRuns: endsOf, pageSize, clock, logger }, kind.value, onOver);
        }
        case "until":
        case undefined:
      }
      const leftMs = kind.case === "until" ? timestampMs(kind.value) - clock.nowMs() : 0;
      const timer = clock.setTimeout(onOver, leftMs);
      return () => timer.cancel();
    },
    async close() {
      await Promise.all([...awaiting.values()].map((stream) => stream.close()));
    },
  };
}
