import { createServer, connect as connectTo, type Server, type Socket } from "node:net";
import { once } from "node:events";

/** A TCP port in front of another, whose connections a test can cut: what a crash or a pulled cable looks like from outside. */
export interface CuttableProxy extends AsyncDisposable {
  /** "127.0.0.1:<port>". */
  readonly address: string;
  /** Breaks every connection. New ones are let through, unless `refuse`: then they are broken too, until {@link mend}. */
  cut(options?: { refuse: boolean }): void;
  /** Lets connections through again. */
  mend(): void;
}

/** Starts a proxy to "127.0.0.1:<port>". */
export async function startCuttableProxy(target: string): Promise<CuttableProxy> {
  const targetPort = Number(target.split(":")[1]);
  const sockets = new Set<Socket>();
  let isRefusing = false;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    // A cut connection is what a test wants; there is nobody to tell.
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  };
  const server: Server = createServer((downstream) => {
    if (isRefusing) {
      downstream.destroy();
      return;
    }
    const upstream = connectTo(targetPort, "127.0.0.1");
    for (const socket of [downstream, upstream]) keep(socket.setNoDelay());
    downstream.pipe(upstream).pipe(downstream);
    downstream.on("close", () => upstream.destroy());
    upstream.on("close", () => downstream.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${typeof bound === "object" && bound !== null ? bound.port : ""}`,
    cut: ({ refuse } = { refuse: false }) => {
      isRefusing = refuse;
      cut();
    },
    mend: () => {
      isRefusing = false;
    },
    [Symbol.asyncDispose]: async () => {
      isRefusing = true;
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
