import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { createGrpcServer, createLogger, internalAuthenticator, startTelemetry } from "@windlass/chassis";
import {
  ClaimResultSchema,
  type ClaimRunsRequest,
  type ClaimRunsResponse,
  ClaimRunsResponseSchema,
  type HoldShardsRequest,
  RunQueueService,
  type WatchQueuedRequest,
} from "@windlass/proto";
import type { CallContext } from "@windlass/proto/grpc";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const SHARDS = 8;
const PAGE_SIZE = 1_000;
const EPOCH = 1n;

/** What a queue service finds waiting. */
export interface QueuedShape {
  readonly runs: number;
  /** Concurrency keys, over all shards. */
  readonly keys: number;
}

/** A run-store that has only queued runs, in every shard the same number, made up as they are asked for: a peer for one queue service, to measure that alone. */
export interface QueuedStore {
  readonly address: string;
  /** The environments, one in each shard. */
  readonly environmentIds: readonly string[];
  readonly queue: string;
  /** How many shards have been told completely. */
  readonly toldShards: number;
  readonly claimed: number;
  stop(): Promise<void>;
}

/** Starts it on a free port of the loopback interface. */
export async function startQueuedStore(shape: QueuedShape, internalToken: string): Promise<QueuedStore> {
  const logger = createLogger({ service: "bench", level: "error" });
  const server = createGrpcServer({
    address: "127.0.0.1:0",
    logger,
    telemetry: startTelemetry({ service: "bench", logger }),
    authenticate: internalAuthenticator(internalToken),
  });
  const environmentIds = Array.from({ length: SHARDS }, (_, shard) => `env_${String(shard).padStart(26, "0")}`);
  const queue = "task/send-email";
  const nowUs = BigInt(Date.now()) * 1_000n;
  let toldShards = 0;
  let claimed = 0;

  function queuedRun(shard: number, n: number) {
    const key = shard * (shape.keys / SHARDS) + (n % (shape.keys / SHARDS));
    return {
      environmentId: environmentIds[shard]!,
      runId: `run_${String(shard).padStart(6, "0")}${String(n).padStart(20, "0")}`,
      taskId: "send-email",
      queue,
      queueTimeUs: nowUs + BigInt(n),
      concurrencyKey: `customer-${key}`,
    };
  }

  server.add(RunQueueService, {
    async *holdShards(requests: AsyncIterable<HoldShardsRequest>) {
      for await (const _ of requests) yield { shards: environmentIds.map((_id, shard) => shard) };
    },
    async *watchQueued({ shard }: WatchQueuedRequest, { signal }: CallContext) {
      const environmentId = environmentIds[shard]!;
      yield {
        epoch: EPOCH,
        environments: [{ environmentId, concurrencyLimit: 1_000_000 }],
        queues: [{ environmentId, queue, concurrencyLimit: 100 }],
        leasedComplete: true,
        leasedTimeUs: nowUs,
      };
      for (let start = 0; start < shape.runs / SHARDS; start += PAGE_SIZE) {
        const length = Math.min(PAGE_SIZE, shape.runs / SHARDS - start);
        yield { epoch: EPOCH, runs: Array.from({ length }, (_, n) => queuedRun(shard, start + n)) };
      }
      yield { epoch: EPOCH, snapshotComplete: true };
      toldShards += 1;
      await sleep(2 ** 31 - 1, undefined, { signal, ref: false }).catch(() => undefined);
    },
    async *claimRuns(requests: AsyncIterable<ClaimRunsRequest>) {
      for await (const request of requests) {
        claimed += request.claims.length;
        yield answer(request);
      }
    },
  });
  await server.start();
  return {
    address: server.address,
    environmentIds,
    queue,
    get toldShards() {
      return toldShards;
    },
    get claimed() {
      return claimed;
    },
    stop: () => server.stop(),
  };
}

/** Leases for all of them. */
function answer({ correlationId, claims }: ClaimRunsRequest): ClaimRunsResponse {
  const claimTime = timestampFromMs(Date.now());
  const results = claims.map(({ environmentId, runId }) => {
    const ref = { environmentId, runId, leaseToken: randomUUID() };
    return create(ClaimResultSchema, { result: { case: "lease", value: { ref, attemptNumber: 1, claimTime } } });
  });
  return create(ClaimRunsResponseSchema, { correlationId, results });
}
