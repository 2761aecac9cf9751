import path from "node:path";
import {
  type Component,
  createGrpcServer,
  createLogger,
  createService,
  internalAuthenticator,
  type Service,
  startTelemetry,
  systemClock,
} from "@windlass/chassis";
import { createChannel } from "@windlass/proto/grpc";
import { createSessionSeal } from "./auth/session-seal.ts";
import type { DashboardConfig } from "./config.ts";
import { createWebServer } from "./web-server.ts";

const pagesDirectory = path.resolve(import.meta.dirname, "../dist");

/** Puts the dashboard together. Nothing runs before start. */
export function createDashboardService(config: DashboardConfig): Service {
  const logger = createLogger({ service: "dashboard", level: config.WINDLASS_LOG_LEVEL });
  const telemetry = startTelemetry({ service: "dashboard", endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT, logger });
  const token = config.WINDLASS_INTERNAL_TOKEN;
  // Without a token of its own: every call carries the key of the session that it is for.
  const channel = createChannel(config.WINDLASS_RUN_STORE_ADDRESS);
  const connection: Component = {
    name: "run-store connection",
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(channel.close()),
  };
  const web = createWebServer({
    address: config.WINDLASS_HTTP_LISTEN,
    trustedProxies: config.WINDLASS_TRUST_PROXY,
    pagesDirectory,
    settings: { traceUrl: config.WINDLASS_TRACE_URL ?? "" },
    channel,
    seal: createSessionSeal({ secret: token, clock: systemClock }),
    clock: systemClock,
    logger,
  });
  const health = createGrpcServer({
    address: config.WINDLASS_LISTEN,
    logger,
    telemetry,
    authenticate: internalAuthenticator(token),
  });
  return createService("dashboard", [telemetry, connection, web, health], {
    logger,
    drainTimeoutMs: config.WINDLASS_DRAIN_TIMEOUT_MS,
  });
}
