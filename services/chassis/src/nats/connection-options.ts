import type { NodeConnectionOptions } from "@nats-io/transport-node";

/** A server that does not answer for so long is given up and another is tried. */
const connectLimitMs = 2_000;
/** Two unanswered pings end a connection: a server that is frozen or cut off is noticed within 20 s. */
const pingIntervalMs = 5_000;
const maxPingsOut = 2;

/**
 * Reads `nats://` and `tls://` URLs, all of one cluster. User and password may be part of the first.
 * Reconnecting is ours: the library would meanwhile keep messages without limit (I10), and cannot be stopped while it
 * waits for its first connection.
 */
export function natsConnectionOptions(urls: readonly string[], name: string): NodeConnectionOptions {
  const parsed = urls.map((url) => new URL(url.includes("://") ? url : `nats://${url}`));
  const [first] = parsed;
  return {
    servers: parsed.map(({ host }) => host),
    name,
    noEcho: true,
    reconnect: false,
    timeout: connectLimitMs,
    pingInterval: pingIntervalMs,
    maxPingOut: maxPingsOut,
    ...(first?.protocol === "tls:" && { tls: {} }),
    ...(first !== undefined &&
      first.username !== "" && { user: decodeURIComponent(first.username), pass: decodeURIComponent(first.password) }),
  };
}
