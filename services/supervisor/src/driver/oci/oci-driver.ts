import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Logger } from "@windlass/chassis";
import { awaitChildEnd, keptOutputBytes } from "../child-end.ts";
import type { Driver, ProcessExit, WorkerCommand, WorkerProcess } from "../driver.ts";
import type { GroupWatcher } from "../group-watcher.ts";
import { heapLimitMb, type Machine } from "../machine.ts";
import { createOutputTail } from "../output-tail.ts";
import { signalGroup } from "../signal-group.ts";
import { programEnd } from "./exit-status.ts";
import { findHostPaths } from "./host-paths.ts";
import { createOciConfig, inside, type SharedPath } from "./oci-config.ts";
import { launchCommand, type OciRuntime, runtimeCommand } from "./oci-runtime.ts";
import { createOwnUsers } from "./own-users.ts";
import { layDownRoot } from "./root-folder.ts";
import { runtimeTraits } from "./runtime-traits.ts";
import { createSeccomp } from "./seccomp.ts";
import type { WorkerCgroup, WorkerCgroups } from "./worker-cgroups.ts";
import type { WorkerNetwork } from "./worker-network.ts";

export interface OciDriverOptions {
  readonly runtime: OciRuntime;
  /** The supervisor's private folder; each worker gets a folder in it. */
  readonly privateDir: string;
  /** Started. */
  readonly cgroups: WorkerCgroups;
  readonly network: WorkerNetwork;
  readonly watcher: GroupWatcher;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Files of its own that every container has, beside its code and the socket. */
const userFiles = ["/etc/passwd", "/etc/group"] as const;

/**
 * Runs workers as containers of an OCI runtime: namespaces, a read-only root of the machine's programs and the bundle, a user
 * without any capability, a seccomp profile, limits of memory, processors and processes by cgroups, a temporary folder in
 * memory. The one way out is the supervisor's socket, and what `network` gives.
 *
 * A crash of the supervisor leaves nothing: the kernel kills the container with it, and the watcher removes the cgroups and
 * the private folder. There are no mounts to remove: the machine's own namespace never had any.
 */
export async function createOciDriver(options: OciDriverOptions): Promise<Driver> {
  const { runtime, privateDir, cgroups, watcher, network, clock, logger } = options;
  const traits = runtimeTraits[runtime.name];
  const users = createOwnUsers();
  const hostPaths = await findHostPaths();
  const rootDir = join(privateDir, `root-${runtime.name}`);
  await layDownRoot(rootDir, hostPaths.shared, {
    folders: [inside.code],
    files: [inside.socket, ...userFiles],
    links: hostPaths.links,
  });
  const seccomp = traits.hasOwnKernel ? undefined : createSeccomp(process.arch);

  async function lay(workerId: string, command: WorkerCommand, uid: number, cgroup: WorkerCgroup): Promise<string[]> {
    const workDir = join(privateDir, workerId);
    const bundleDir = join(workDir, "bundle");
    await mkdir(bundleDir, { recursive: true, mode: 0o700 });
    const [passwd, group] = [join(workDir, "passwd"), join(workDir, "group")];
    await writeFile(passwd, `worker:x:${uid}:${uid}::${inside.tmp}:/usr/sbin/nologin\n`, { mode: 0o444 });
    await writeFile(group, `worker:x:${uid}:\n`, { mode: 0o444 });
    const ownPaths: SharedPath[] = [
      { source: passwd, destination: userFiles[0], isExecutable: false },
      { source: group, destination: userFiles[1], isExecutable: false },
      { source: command.bundleDir, destination: inside.code, isExecutable: true },
    ];
    const socket = socketOf(command);
    if (socket !== undefined) {
      // Nobody gets to it by this but workers: it is in our private folder, and they see the socket alone.
      await chmod(socket, 0o666);
      ownPaths.push({ source: socket, destination: inside.socket, isExecutable: false });
    }
    const maxProcesses = maxProcessesOf(command.machine);
    const config = createOciConfig({
      rootDir,
      shared: [...hostPaths.shared, ...ownPaths],
      program: programOf(command, traits.ownMemoryMb),
      env: {
        PATH: "/opt/windlass/bin:/usr/local/bin:/usr/bin:/bin",
        HOME: inside.tmp,
        TMPDIR: inside.tmp,
        WINDLASS_WORKER_ADDRESS: socket === undefined ? command.address : `unix:${inside.socket}`,
        WINDLASS_WORKER_TOKEN: command.token,
      },
      uid,
      tmpBytes: Math.floor((command.machine.memoryMb * bytesPerMb) / 4),
      ...(traits.hasOwnKernel ? { maxProcesses } : {}),
      hasOwnNetwork: network.namespace === "own",
      cgroupPath: cgroup.path(cgroups.version === 2 ? "root" : traits.cgroupPathFrom),
      ...(seccomp === undefined ? {} : { seccomp }),
    });
    await writeFile(join(bundleDir, "config.json"), JSON.stringify(config), { mode: 0o600 });
    // runsc has a socket of this name that is the whole machine's, whatever its --root.
    const id = `${workerId}-${randomBytes(8).toString("hex")}`;
    const container = { id, stateDir: join(workDir, "state"), bundleDir };
    const runtimeLine = runtimeCommand(runtime, container, network.namespace);
    return [...launchCommand(await network.wrap(runtimeLine, { workerId, workDir }))];
  }

  async function launch(line: readonly string[], workDir: string): Promise<{ child: ChildProcess; pid: number }> {
    const [program = "", ...args] = line;
    const env = { PATH: process.env["PATH"] ?? "/usr/bin:/bin:/usr/sbin:/sbin" };
    const child = watcher.spawn(program, args, { cwd: workDir, env });
    if (child.pid === undefined) {
      const [error] = (await once(child, "error")) as [Error];
      throw error;
    }
    return { child, pid: child.pid };
  }

  return {
    sandboxTier: runtime.name,
    async start(workerId, command) {
      const workDir = join(privateDir, workerId);
      const uid = users.take();
      let cgroup: WorkerCgroup | undefined;
      const cleanUp = async () => {
        await cgroup?.remove().catch((error: unknown) => {
          logger.warn("cannot remove a worker's cgroup", { workerId, error });
        });
        await rm(workDir, { recursive: true, force: true }).catch((error: unknown) => {
          logger.warn("cannot remove a worker's folder", { workerId, workDir, error });
        });
        users.giveBack(uid);
      };
      try {
        cgroup = await cgroups.create(workerId, {
          memoryBytes: command.machine.memoryMb * bytesPerMb,
          cpu: command.machine.cpu,
          maxProcesses: traits.cgroupProcesses(maxProcessesOf(command.machine)),
        });
        const line = await lay(workerId, command, uid, cgroup);
        const { child, pid } = await launch(line, workDir);
        return watchContainer({ child, pid, cgroup, cleanUp, workerId, watcher, clock, logger });
      } catch (error) {
        await cleanUp();
        throw error;
      }
    },
  };
}

const bytesPerMb = 1_048_576;

/** Processes and threads that a machine may have; Node.js alone has a dozen. */
function maxProcessesOf({ cpu }: Machine): number {
  return Math.max(64, Math.round(cpu * 256));
}

function programOf({ runtime, entryPoint, machine }: WorkerCommand, ownMemoryMb: number): string[] {
  const entry = join(inside.code, entryPoint);
  if (runtime === "exec") return [entry];
  const memoryMb = machine.memoryMb - ownMemoryMb;
  return [inside.node, `--max-old-space-size=${heapLimitMb({ ...machine, memoryMb })}`, entry];
}

function socketOf({ address }: WorkerCommand): string | undefined {
  return address.startsWith("unix:") ? address.slice("unix:".length) : undefined;
}

function watchContainer(options: {
  child: ChildProcess;
  pid: number;
  cgroup: WorkerCgroup;
  cleanUp: () => Promise<void>;
  workerId: string;
  watcher: GroupWatcher;
  clock: Clock;
  logger: Logger;
}): WorkerProcess {
  const { child, pid, cgroup, cleanUp, watcher } = options;
  let wasKilled = false;
  let isGone = false;

  const onExit = () => {
    isGone = true;
    watcher.remove(pid);
  };
  const tail = createOutputTail(keptOutputBytes);

  async function settle(): Promise<ProcessExit> {
    const { code, signal, ...written } = await awaitChildEnd(child, onExit, { ...options, tail });
    const end = code === null ? { signal: signal ?? "SIGKILL" } : programEnd(code);
    const isSuspect = !wasKilled && "signal" in end && end.signal === "SIGKILL";
    const memoryExceeded = isSuspect ? await cgroup.memoryExceeded() : undefined;
    await cleanUp();
    return { ...end, wasKilled, ...written, ...(memoryExceeded === undefined ? {} : { memoryExceeded }) };
  }

  return {
    pid,
    exited: settle(),
    kill() {
      if (isGone) return;
      wasKilled = true;
      signalGroup(pid, "SIGKILL");
      cgroup.kill();
    },
    endStart() {
      if (!isGone && !wasKilled) cgroup.endStart();
    },
    suspend() {
      if (!isGone && !wasKilled) cgroup.freeze();
    },
    resume() {
      if (!isGone && !wasKilled) cgroup.thaw();
    },
    forgetOutput: () => tail.clear(),
    residentBytes: () => (isGone ? Promise.resolve(undefined) : cgroup.workingSetBytes()),
  };
}
