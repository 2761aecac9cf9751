import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/**
 * open: everything passes. refusing: every connection is broken, and new ones at once, as by a process that is gone. silent: nothing passes and nobody is told, as by a
 * pulled cable; what was said meanwhile arrives when the line is open again.
 */
export type LineState = "open" | "refusing" | "silent";

/** A TCP port in front of another, between two processes that a test wants to part. */
export interface BreakableLine extends AsyncDisposable {
  /** "127.0.0.1:port": whoever should be parted connects here. */
  readonly address: string;
  set(state: LineState): void;
}

/** Starts a line, open. `target` gives "host:port", and is asked at every connection. */
export async function startBreakableLine(target: () => string): Promise<BreakableLine> {
  let state: LineState = "open";
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket.setNoDelay());
    // A broken connection is what a test wants; there is nobody to tell.
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  };
  const pass = (from: Socket, to: Socket): void => {
    // By hand, since a pipe would go on reading what a silent line must not even take.
    from
      .on("data", (chunk: Buffer) => {
        if (to.writable && !to.write(chunk)) from.pause();
      })
      .on("end", () => to.end())
      .on("close", () => to.destroy());
    to.on("drain", () => {
      if (state === "open") from.resume();
    });
  };
  const server = createServer({ allowHalfOpen: true }, (inbound) => {
    if (state === "refusing") {
      inbound.destroy();
      return;
    }
    const [host = "", port = ""] = target().split(":");
    const outbound = connect({ host, port: Number(port), allowHalfOpen: true });
    for (const socket of [inbound, outbound]) keep(socket);
    pass(inbound, outbound);
    pass(outbound, inbound);
    if (state === "silent") for (const socket of [inbound, outbound]) socket.pause();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("a TCP server has an address");

  const set = (next: LineState): void => {
    state = next;
    for (const socket of sockets) {
      if (next === "open") socket.resume();
      else if (next === "silent") socket.pause();
      else socket.destroy();
    }
  };
  return {
    address: `127.0.0.1:${bound.port}`,
    set,
    async [Symbol.asyncDispose]() {
      set("refusing");
      server.close();
      await once(server, "close");
    },
  };
}
