import { type AddressInfo, type Socket, connect, createServer } from "node:net";

/** Stands between a client and a server, so that a test can cut them apart. */
export interface CuttableProxy {
  readonly address: string;
  /** Breaks every connection. */
  cut(): void;
  /** While false, new connections are broken at once. */
  setOpen(isOpen: boolean): void;
  stop(): Promise<void>;
}

/** Starts a proxy to "host:port" on a free port. */
export async function startCuttableProxy(target: string): Promise<CuttableProxy> {
  const [host = "", port = ""] = target.split(":");
  const sockets = new Set<Socket>();
  let isOpen = true;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A cut is what this is for.
    socket.on("error", () => socket.destroy());
  };
  const server = createServer((inbound) => {
    keep(inbound);
    if (!isOpen) {
      inbound.destroy();
      return;
    }
    const outbound = connect(Number(port), host);
    keep(outbound);
    inbound.pipe(outbound).pipe(inbound);
    inbound.on("close", () => outbound.destroy());
    outbound.on("close", () => inbound.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    setOpen: (value) => {
      isOpen = value;
    },
    stop: () => {
      cut();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
