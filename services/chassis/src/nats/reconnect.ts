import { connect, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node";
import { backoffMs } from "@windlass/proto/grpc";
import type { Clock } from "../clock/index.ts";
import type { Logger } from "../telemetry/index.ts";

const waits = { firstMs: 100, longestMs: 2_000 };

export interface ReconnectOptions {
  readonly connection: NodeConnectionOptions;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called with every connection that is made; again with undefined when it has ended. */
  readonly onConnection: (connection: NatsConnection | undefined) => void;
}

/**
 * Holds a connection for as long as the signal allows: when one ends, or cannot be made, tries again for ever, after up to
 * 2 s chosen at random, so that clients do not return all at once. Resolves when the signal has aborted.
 */
export async function keepConnected(options: ReconnectOptions): Promise<void> {
  const { logger, clock, signal, onConnection } = options;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const connection = await connect(options.connection);
      failures = 0;
      logger.info("nats connected", { server: connection.getServer() });
      onConnection(connection);
      const error = await ended(connection, signal);
      onConnection(undefined);
      if (!signal.aborted) logger.warn("nats disconnected", { error });
    } catch (error) {
      failures += 1;
      // One line says that it is away; the next thing worth knowing is that it is back.
      logger[failures === 1 ? "warn" : "debug"]("nats not reachable", { error });
    }
    await clock.sleep(backoffMs(failures + 1, waits), signal).catch(() => undefined);
  }
}

/** Resolves when the connection has closed, with why; closes it itself when the signal aborts, sending first what waits. */
async function ended(connection: NatsConnection, signal: AbortSignal): Promise<unknown> {
  const onAbort = () => {
    connection.drain().catch(() => connection.close());
  };
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  const error = await connection.closed();
  signal.removeEventListener("abort", onAbort);
  return error;
}
