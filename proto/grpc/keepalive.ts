/**
 * A frozen or vanished peer is noticed after the two together. The timeout is long, because a process whose event loop was blocked must not take
 * its own delay for the peer's.
 */
const NETWORK_KEEPALIVE = {
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 20_000,
} as const;

/**
 * Keepalive settings for either end of a connection to this address. None over a unix socket: the kernel tells at once when the process at the other
 * end is gone, and one that is only busy (a task in a long loop) cannot answer and must not be cut off for that.
 */
export function keepaliveOptions(address: string): Partial<typeof NETWORK_KEEPALIVE> {
  return address.startsWith("unix:") ? {} : NETWORK_KEEPALIVE;
}
