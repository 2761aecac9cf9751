import {
  type Component,
  createGrpcServer,
  createLogger,
  createService,
  createServiceClient,
  internalAuthenticator,
  type Service,
  startTelemetry,
  systemClock,
} from "@windlass/chassis";
import { LeaseService, QueueStateService, RunQueueService } from "@windlass/proto";
import { advertisedAddress, type QueueConfig } from "./config.ts";
import { CreditTurns } from "./credit-turns.ts";
import { leaseServiceHandlers } from "./handlers/lease-service.ts";
import { queueStateServiceHandlers } from "./handlers/queue-state-service.ts";
import { createHoldingLoop } from "./holding-loop.ts";
import { MemoryBound } from "./memory-bound.ts";
import { createQueueMetrics, type QueueGauges, type QueueMetrics, type QueueReading } from "./metrics.ts";
import { startShardLoop } from "./shard-loop.ts";
import { Shards } from "./shards.ts";
import { Supervisors } from "./supervisors.ts";

/** Some 250 MB. */
const MAX_READY_RUNS = 1_000_000;

/** A queue service, and where supervisors reach it once it has started. */
export interface QueueService extends Service {
  readonly address: string;
}

/** Puts the queue together. Nothing runs before start. */
export function createQueueService(config: QueueConfig): QueueService {
  const logger = createLogger({ service: "queue", level: config.WINDLASS_LOG_LEVEL });
  const telemetry = startTelemetry({ service: "queue", endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT, logger });
  const token = config.WINDLASS_INTERNAL_TOKEN;
  const client = createServiceClient(RunQueueService, { address: config.WINDLASS_RUN_STORE_ADDRESS, token });
  const clock = systemClock;
  const server = createGrpcServer({
    address: config.WINDLASS_LISTEN,
    logger,
    telemetry,
    authenticate: internalAuthenticator(token),
  });
  const supervisors = new Supervisors();
  const turns = new CreditTurns(supervisors);
  const memory = new MemoryBound(MAX_READY_RUNS);
  let metrics: QueueMetrics | undefined;
  const gauges: QueueGauges = { queues: () => readings(shards), shardCount: () => [...shards.loops()].length };
  const { queueServiceId } = config;
  const shards: Shards = new Shards({
    start: (shard, onStale) =>
      startShardLoop({
        client,
        queueServiceId,
        shard,
        supervisors,
        turns,
        memory,
        clock,
        logger,
        telemetry,
        metrics: (metrics ??= createQueueMetrics(telemetry, gauges)),
        onStale,
      }),
    onReleased: () => holding.hello(),
    logger,
  });
  const holding = createHoldingLoop({
    client,
    queueServiceId,
    address: () => config.WINDLASS_ADVERTISED_ADDRESS ?? advertisedAddress(server.address),
    shards,
    clock,
    logger,
  });
  server.add(LeaseService, leaseServiceHandlers(supervisors));
  server.add(QueueStateService, queueStateServiceHandlers(shards, supervisors, clock));
  const connection: Component = {
    name: "run-store connection",
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(client.close()),
  };
  // Shards are let go before supervisors are sent away: what was being claimed for them still reaches them.
  const service = createService("queue", [telemetry, connection, server, holding], {
    logger,
    drainTimeoutMs: config.WINDLASS_DRAIN_TIMEOUT_MS,
  });
  return {
    ...service,
    get address() {
      return server.address;
    },
  };
}

/** The times are the database's and the clock is ours: good enough to see a queue that stands still. */
function* readings(shards: Shards): Generator<QueueReading> {
  const nowS = systemClock.nowMs() / 1_000;
  for (const { ready } of shards.loops()) {
    for (const { oldestQueueTimeUs, ...state } of ready.states()) {
      const oldestAgeS = oldestQueueTimeUs === undefined ? 0 : Math.max(0, nowS - oldestQueueTimeUs / 1_000_000);
      yield { ...state, oldestAgeS };
    }
  }
}
