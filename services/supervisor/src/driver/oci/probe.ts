import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Clock } from "@windlass/chassis";
import type { Driver, ProcessExit, WorkerProcess } from "../driver.ts";
import { defaultMachine } from "../machine.ts";
import { RuntimeUnavailable } from "./oci-runtime.ts";
import type { WorkerCgroups } from "./worker-cgroups.ts";

/** Some runtimes do not fail on a machine they cannot work on, but hang. */
const probeLimitMs = 10_000;
const workerId = "probe";

/** Looks around in the container, says at the supervisor's socket what is not as it should be, and waits for its end. */
const probeProgram = `
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
const problems = [];
if (process.getuid() === 0) problems.push("it runs as root");
if (!/^CapEff:\\s*0+$/m.test(readFileSync("/proc/self/status", "utf8"))) problems.push("it has capabilities");
if (readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).length > 2) problems.push("it sees other processes");
for (const folder of ["/", "/usr", "/code"]) {
  try {
    writeFileSync(folder + "/probe", "");
    problems.push("it can write to " + folder);
  } catch {}
}
writeFileSync(process.env.TMPDIR + "/probe", "");
connect(process.env.WINDLASS_WORKER_ADDRESS.slice("unix:".length)).end(JSON.stringify(problems));
setInterval(() => {}, 1_000);
`;

/**
 * Starts a real container by the driver and looks whether it is confined as it should be, from inside and from outside: that
 * a program is there says little about what it can do on this machine. Throws RuntimeUnavailable with what is wrong.
 */
export async function probeDriver(options: {
  driver: Driver;
  cgroups: WorkerCgroups;
  privateDir: string;
  clock: Clock;
}): Promise<void> {
  const { driver, cgroups, privateDir, clock } = options;
  const folder = join(privateDir, "probe-files");
  const socket = join(privateDir, "p");
  await mkdir(folder);
  await writeFile(join(folder, "probe.mjs"), probeProgram, { mode: 0o444 });
  const server = createServer().listen(socket);
  await once(server, "listening");
  const report = once(server, "connection").then(([connection]) => text(connection as Socket));
  const limit = Promise.withResolvers<"late">();
  const timer = clock.setTimeout(() => limit.resolve("late"), probeLimitMs);
  let worker: WorkerProcess | undefined;
  try {
    worker = await driver.start(workerId, {
      bundleDir: folder,
      entryPoint: "probe.mjs",
      runtime: "node",
      machine: defaultMachine,
      address: `unix:${socket}`,
      token: "",
    });
    const first = await Promise.race([report, worker.exited, limit.promise]);
    if (first === "late") throw new RuntimeUnavailable(`a container does not start within ${probeLimitMs} ms`);
    if (typeof first !== "string") throw new RuntimeUnavailable(`a container does not start, ${describeExit(first)}`);
    const problems = JSON.parse(first) as string[];
    if (problems.length > 0) throw new RuntimeUnavailable(`a container is not confined: ${problems.join(", ")}`);
    const unlimited = await cgroups.controllersWithoutProcess(workerId);
    if (unlimited.length > 0) {
      throw new RuntimeUnavailable(
        `it puts containers out of reach of their limits (cgroups: ${unlimited.join(", ")})`,
      );
    }
  } finally {
    timer.cancel();
    worker?.kill();
    await worker?.exited;
    server.close();
    await rm(folder, { recursive: true });
  }
}

function describeExit({ exitCode, signal, output }: ProcessExit): string {
  const lastLine = output.trim().split("\n").at(-1) ?? "";
  return lastLine === "" ? `it ended with ${signal ?? exitCode}` : lastLine.slice(-500);
}
