import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { systemClock } from "@windlass/chassis";
import { chooseDriver, DriverUnavailable } from "../driver/choose-driver.ts";
import type { SandboxTier } from "../driver/driver.ts";
import type { EgressSettings } from "../driver/egress/egress-settings.ts";
import { guestNetwork } from "../driver/egress/egress-rules.ts";
import { createWorkerNetwork } from "../driver/egress/egress.ts";
import { createGroupWatcher } from "../driver/group-watcher.ts";
import { machineOf } from "../driver/machine.ts";
import { testLogger as logger } from "./start-peer.ts";

// A program: a machine of its own, with a network around it that is not the real one, and one worker on it that tries to reach
// what it is told to. It is started in a network and mount namespace of its own (egress-scene's caller), reads a SceneOrder from
// standard input and writes a SceneReport. All it makes goes with its namespaces.

const run = promisify(execFile);

/** Who is where. */
export const scene = {
  /** The machine the supervisor is on. */
  machine: "192.0.2.1",
  /** Two hosts next to it, on one address each, and one behind them. */
  neighbor: "192.0.2.2",
  otherNeighbor: "192.0.2.3",
  farAway: "203.0.113.9",
  controlPlane: "203.0.113.7",
  metadata: "169.254.169.254",
  port: 8_080,
} as const;

/** What the machine's name server, on its loopback, knows. */
const names: Readonly<Record<string, string>> = {
  "neighbor.test": scene.neighbor,
  "run-store.test": scene.controlPlane,
  "metadata.test": scene.metadata,
};

export interface SceneOrder {
  readonly tier: SandboxTier;
  readonly egress: EgressSettings;
  /** Hosts a worker tries to reach by HTTP, "host:port", or by asking them for a name, "udp://host". */
  readonly tries: readonly string[];
}

export interface SceneReport {
  /** Why there is no sandbox on this machine. */
  readonly unavailable?: string;
  /** By what was tried: "reached", or the code of the error. */
  readonly byWorker: Readonly<Record<string, string>>;
  /** The same for a program of the machine itself: what is refused to a worker is there. */
  readonly byMachine: Readonly<Record<string, string>>;
  /** Who answered a request, and how often, while the worker ran. */
  readonly answered: Readonly<Record<string, number>>;
}

const tryingProgram = (tries: readonly string[]) => `
import { Resolver } from "node:dns/promises";
import { get } from "node:http";
const udp = async (host) => {
  const resolver = new Resolver({ timeout: 20_000, tries: 1 });
  resolver.setServers([host]);
  await resolver.resolve4("neighbor.test");
};
const http = (host) => new Promise((resolve, reject) => {
  get("http://" + host + "/", { agent: false, timeout: 20_000 }, (response) => response.resume().on("end", resolve))
    .on("timeout", () => reject(Object.assign(new Error(), { code: "SILENT" })))
    .on("error", reject);
});
const tried = await Promise.all(${JSON.stringify(tries)}.map(async (what) => {
  const attempt = what.startsWith("udp://") ? udp(what.slice("udp://".length)) : http(what);
  return [what, await attempt.then(() => "reached", ({ code }) => code)];
}));
// Connections that are still tried would keep it from ending.
process.stdout.write(JSON.stringify(Object.fromEntries(tried)), () => process.exit(0));`;

/** Another host: the same program in a network namespace of its own, that serves HTTP until it is killed. */
async function startHost(): Promise<ChildProcess> {
  const program = `
    const server = require("node:http").createServer((request, response) => {
      response.end();
      console.log(request.socket.localAddress);
    });
    server.listen(${scene.port}, "0.0.0.0", () => console.log("ready"));`;
  const host = spawn("unshare", ["--net", "--kill-child", process.execPath, "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (host.stdout !== null) await once(host.stdout, "data");
  return host;
}

async function connectTo(host: ChildProcess): Promise<void> {
  const there = (...args: string[]) => run("nsenter", [`--net=/proc/${host.pid}/ns/net`, "ip", ...args]);
  const here = (...args: string[]) => run("ip", args);
  await here("link", "set", "lo", "up");
  await here("link", "add", "near", "type", "veth", "peer", "name", "far", "netns", String(host.pid));
  await here("address", "add", `${scene.machine}/24`, "dev", "near");
  await here("link", "set", "near", "up");
  await there("link", "set", "lo", "up");
  await there("address", "add", `${scene.neighbor}/24`, "dev", "far");
  await there("address", "add", `${scene.otherNeighbor}/24`, "dev", "far");
  for (const address of [scene.farAway, scene.controlPlane, scene.metadata]) {
    await there("address", "add", `${address}/32`, "dev", "lo");
  }
  await there("link", "set", "far", "up");
  await here("route", "add", "default", "via", scene.neighbor);
}

/** Answers every question for an A record of `names`, and NXDOMAIN to others (RFC 1035, section 4). */
async function serveNames(): Promise<void> {
  const socket = createSocket("udp4");
  socket.on("message", (question, { port, address }) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
      labels.push(question.toString("latin1", at + 1, at + 1 + length));
      at += 1 + length;
    }
    const isForAddress = question.readUInt16BE(at + 1) === 1;
    const known = names[labels.join(".").toLowerCase()];
    const answer =
      known !== undefined && isForAddress ? [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...bytesOf(known)] : [];
    const header = Buffer.from(question.subarray(0, 12));
    header.writeUInt16BE(known === undefined ? 0x8183 : 0x8180, 2);
    header.writeUInt16BE(answer.length > 0 ? 1 : 0, 6);
    header.writeUInt32BE(0, 8);
    socket.send(Buffer.concat([header, question.subarray(12, at + 5), Buffer.from(answer)]), port, address);
  });
  socket.bind(53, "0.0.0.0");
  await once(socket, "listening");
  socket.unref();
}

const bytesOf = (address: string) => address.split(".").map(Number);

async function useNameServer(folder: string): Promise<void> {
  const file = join(folder, "resolv.conf");
  await writeFile(file, "nameserver 127.0.0.1\noptions timeout:10\n");
  await run("mount", ["--bind", file, await realpath("/etc/resolv.conf")]);
}

async function perform({ tier, egress, tries }: SceneOrder): Promise<SceneReport> {
  const folder = await mkdtemp(join(tmpdir(), "windlass-egress-"));
  const [bundleDir, privateDir] = [join(folder, "bundle"), join(folder, "private")];
  const watcher = createGroupWatcher({ privateDir, logger });
  let host: ChildProcess | undefined;
  try {
    await mkdir(bundleDir);
    await mkdir(privateDir, { mode: 0o700 });
    host = await startHost();
    await connectTo(host);
    await useNameServer(folder);
    await serveNames();
    const answered: Record<string, number> = {};
    const count = (address: string) => void (answered[address] = (answered[address] ?? 0) + 1);
    host.stdout?.on("data", (chunk: Buffer) => chunk.toString().trim().split("\n").forEach(count));
    const server = createServer(({ socket }, response) => {
      response.end();
      count(socket.localAddress ?? "");
    });
    await once(server.listen(scene.port, "0.0.0.0"), "listening");
    server.unref();

    // Behind these there is only something for a worker.
    const isOfMachine = (what: string) => !what.includes(guestNetwork.nameServer);
    await writeFile(join(bundleDir, "try.mjs"), tryingProgram(tries.filter(isOfMachine)));
    const { stdout } = await run(process.execPath, [join(bundleDir, "try.mjs")]);
    await writeFile(join(bundleDir, "try.mjs"), tryingProgram(tries));
    for (const address of Object.keys(answered)) delete answered[address];

    watcher.start();
    const network = createWorkerNetwork(egress, { clock: systemClock, logger });
    const options = { choice: tier, runtimePath: undefined, requireTier: tier, network, privateDir, watcher };
    const chosen = await chooseDriver({ ...options, clock: systemClock, logger });
    const machine = machineOf("small-2x");
    if (machine === undefined) throw new Error("There is no machine small-2x.");
    await writeFile(join(privateDir, "socket"), "");
    const address = `unix:${join(privateDir, "socket")}`;
    const command = { bundleDir, entryPoint: "try.mjs", runtime: "node", machine, address, token: "" } as const;
    const exit = await (await chosen.driver.start("worker", command)).exited;
    await chosen.close();
    if (exit.exitCode !== 0) throw new Error(`The worker ended: ${JSON.stringify(exit)}`);
    return { byMachine: JSON.parse(stdout), byWorker: JSON.parse(exit.output), answered };
  } catch (error) {
    if (!(error instanceof DriverUnavailable)) throw error;
    return { unavailable: error.message, byMachine: {}, byWorker: {}, answered: {} };
  } finally {
    host?.kill("SIGKILL");
    await watcher.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const report = await perform(JSON.parse(await text(process.stdin)) as SceneOrder);
  process.stdout.write(JSON.stringify(report), () => process.exit(0));
}
