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
import { DueService } from "@windlass/proto";
import type { SchedulerConfig } from "./config.ts";
import { createDueLoop } from "./due-loop.ts";

/** Puts the scheduler together. Nothing runs before start. */
export function createSchedulerService(config: SchedulerConfig): Service {
  const logger = createLogger({ service: "scheduler", level: config.WINDLASS_LOG_LEVEL });
  const telemetry = startTelemetry({ service: "scheduler", endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT, logger });
  const token = config.WINDLASS_INTERNAL_TOKEN;
  // Without telemetry: what comes round every minute belongs to nobody's trace.
  const client = createServiceClient(DueService, { address: config.WINDLASS_RUN_STORE_ADDRESS, token });
  const connection: Component = {
    name: "run-store connection",
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(client.close()),
  };
  const loop = createDueLoop({ client, clock: systemClock, logger, telemetry });
  const server = createGrpcServer({
    address: config.WINDLASS_LISTEN,
    logger,
    telemetry,
    authenticate: internalAuthenticator(token),
  });
  return createService("scheduler", [telemetry, connection, loop, server], {
    logger,
    drainTimeoutMs: config.WINDLASS_DRAIN_TIMEOUT_MS,
  });
}
