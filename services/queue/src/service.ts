import {
  type Component,
  createGrpcServer,
  createLogger,
  createService,
  createServiceClient,
  internalAuthenticator,
  notReady,
  type Service,
  startTelemetry,
  systemClock,
} from "@windlass/chassis";
import { LeaseService, RunQueueService } from "@windlass/proto";
import type { QueueConfig } from "./config.ts";
import { leaseServiceHandlers } from "./handlers/lease-service.ts";
import { createOwnershipLoop } from "./ownership-loop.ts";
import { Supervisors } from "./supervisors.ts";

/** A queue service, and where supervisors reach it once it has started. */
export interface QueueService extends Service {
  readonly address: string;
}

/**
 * Puts the queue together. Nothing runs before start. `onSuperseded` is called, once, when another process owns the queue
 * now: supervisors have been sent away, and this process has to end.
 */
export function createQueueService(config: QueueConfig, onSuperseded: () => void): QueueService {
  const logger = createLogger({ service: "queue", level: config.WINDLASS_LOG_LEVEL });
  const telemetry = startTelemetry({ service: "queue", endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT, logger });
  const token = config.WINDLASS_INTERNAL_TOKEN;
  const client = createServiceClient(RunQueueService, { address: config.WINDLASS_RUN_STORE_ADDRESS, token });
  const server = createGrpcServer({
    address: config.WINDLASS_LISTEN,
    logger,
    telemetry,
    authenticate: internalAuthenticator(token),
  });
  const supervisors = new Supervisors();
  server.add(LeaseService, leaseServiceHandlers(supervisors));
  const loop = createOwnershipLoop({
    client,
    queueServiceId: config.queueServiceId,
    supervisors,
    clock: systemClock,
    logger,
    telemetry,
    onSuperseded: (failure) => {
      logger.error("another queue service took over; run one at a time", { error: failure });
      server.setServing(false);
      supervisors.endAll(notReady("Another queue service took over."));
      onSuperseded();
    },
  });
  const connection: Component = {
    name: "run-store connection",
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(client.close()),
  };
  const service = createService("queue", [telemetry, connection, loop, server], {
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
