import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";

/** A unix socket on which a test worker tells what it does, one JSON value a line. */
export interface ListeningLine {
  /** WINDLASS_WORKER_ADDRESS of that worker. */
  readonly address: string;
  /** What is said next. */
  next(): Promise<unknown>;
  /** Resolves when nothing holds the other end any more: neither the worker, nor what it gave the line to. */
  readonly hungUp: Promise<void>;
  close(): void;
}

/**
 * A module for workers, which `say` something. The line is a file descriptor that children can have, too:
 * `spawn(program, args, { stdio: ["ignore", "ignore", "ignore", line] })`.
 */
export const sayModule = `
import { connect } from "node:net";
export const line = connect(process.env.WINDLASS_WORKER_ADDRESS.slice("unix:".length));
await new Promise((resolve, reject) => line.once("connect", resolve).once("error", reject));
line.unref();
export const say = (value) => new Promise((resolve) => line.write(JSON.stringify(value) + "\\n", resolve));
`;

export async function listenForLine(socket: string): Promise<ListeningLine> {
  const said: unknown[] = [];
  const listeners: ((value: unknown) => void)[] = [];
  const hungUp = Promise.withResolvers<void>();
  const server = createServer((connection) => {
    // Killed in the middle of a word.
    connection.on("error", () => {});
    connection.on("close", () => hungUp.resolve());
    createInterface({ input: connection }).on("line", (line) => {
      const value: unknown = JSON.parse(line);
      const listener = listeners.shift();
      if (listener === undefined) said.push(value);
      else listener(value);
    });
  });
  await once(server.listen(socket), "listening");
  return {
    address: `unix:${socket}`,
    next: () =>
      said.length > 0 ? Promise.resolve(said.shift()) : new Promise((resolve) => void listeners.push(resolve)),
    hungUp: hungUp.promise,
    close: () => void server.close(),
  };
}
