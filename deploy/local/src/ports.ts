import { createServer } from "node:net";

/** Where everything listens by default; a taken port gives way to the next free one. */
export const defaultPorts = {
  "run-store": 7070,
  queue: 7071,
  scheduler: 7072,
  supervisor: 7073,
  postgres: 7074,
  nats: 7075,
  dashboard: 7076,
  /** The run-store's other door, for whoever completes wait tokens. */
  http: 7080,
  /** The dashboard's, for browsers. */
  pages: 7090,
} as const;

/** Below the range that systems take for outgoing connections, so that a port stays ours while its service is down for a restart. */
const privateRange = { from: 20_000, to: 30_000 } as const;
const maxTries = 200;
/** Processes that start clusters side by side look in stretches of their own, so that none takes what another's service has just let go for a restart. */
const stretches = 16;

/** Whether a server can listen there now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * The preferred port, or the next free one after it.
 * @param taken ports that are spoken for; the chosen one is added.
 * @throws when the next 200 ports are all taken.
 */
export async function choosePort(preferred: number, taken: Set<number>): Promise<number> {
  for (let port = preferred; port < preferred + maxTries; port++) {
    if (taken.has(port) || !(await isPortFree(port))) continue;
    taken.add(port);
    return port;
  }
  throw new Error(`no free port from ${preferred} to ${preferred + maxTries - 1} on 127.0.0.1`);
}

/** A free port for tests, chosen at random so that two test runs on one machine seldom meet. */
export function choosePrivatePort(taken: Set<number>): Promise<number> {
  const length = (privateRange.to - privateRange.from) / stretches;
  const from = privateRange.from + (process.pid % stretches) * length;
  return choosePort(from + Math.floor(Math.random() * (length - maxTries)), taken);
}
