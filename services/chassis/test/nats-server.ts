import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "./free-port.ts";

/** A real nats-server with JetStream, of a test's own. */
export interface NatsServer {
  readonly url: string;
  start(): Promise<void>;
  /** By SIGKILL, as in a crash. */
  kill(): Promise<void>;
  /** Makes it answer nothing, connections open; `thaw` undoes it. */
  freeze(): void;
  thaw(): void;
  /** Kills it and deletes its data. */
  remove(): Promise<void>;
}

/** Prepares a server; `start` starts it. */
export async function createNatsServer(): Promise<NatsServer> {
  const folder = await mkdtemp(join(tmpdir(), "chassis-nats-"));
  const port = await freePort();
  let child: ChildProcess | undefined;
  const kill = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  process.once("exit", () => child?.kill("SIGKILL"));
  return {
    url: `nats://127.0.0.1:${port}`,
    async start() {
      // Debian installs it where only root's PATH looks.
      const path = [process.env["PATH"], "/usr/sbin", "/usr/local/sbin"].join(delimiter);
      const args = ["--jetstream", "--store_dir", folder, "--addr", "127.0.0.1", "--port", String(port)];
      child = spawn("nats-server", args, { env: { ...process.env, PATH: path }, stdio: ["ignore", "ignore", "pipe"] });
      await lineWith(child, "Server is ready");
    },
    kill,
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
    async remove() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function lineWith(child: ChildProcess, text: string): Promise<void> {
  if (child.stderr === null) throw new Error("nats-server's log is not piped");
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`nats-server ended with ${code}`)));
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", (line) => {
      if (line.includes(text)) resolve();
    });
  });
}
