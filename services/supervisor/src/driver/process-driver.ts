import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Logger } from "@windlass/chassis";
import { awaitChildEnd, keptOutputBytes } from "./child-end.ts";
import type { Driver, ProcessExit, WorkerCommand, WorkerProcess } from "./driver.ts";
import type { GroupWatcher } from "./group-watcher.ts";
import { heapLimitMb } from "./machine.ts";
import { createOutputTail } from "./output-tail.ts";
import { readResidentBytes } from "./resident-memory.ts";
import { signalGroup } from "./signal-group.ts";

/**
 * Runs workers as plain processes of the supervisor's user: an own process group each, an environment of almost nothing,
 * a private folder as working directory and TMPDIR, a bounded V8 heap. It keeps honest tasks apart and cleans up after
 * them. It is not a security boundary: a task can read what the supervisor's user can read, and can leave its group.
 *
 * A crash of the supervisor leaves nothing: the watcher kills the groups and removes the private folder.
 */
export function createProcessDriver(options: {
  /** The supervisor's private folder; each worker gets a folder in it. */
  privateDir: string;
  watcher: GroupWatcher;
  clock: Clock;
  logger: Logger;
}): Driver {
  return {
    sandboxTier: "process",
    async start(workerId, command) {
      const workDir = join(options.privateDir, workerId);
      const tmpDir = join(workDir, "tmp");
      await mkdir(tmpDir, { recursive: true, mode: 0o700 });
      const { program, args } = programOf(command);
      const child = options.watcher.spawn(program, args, {
        cwd: workDir,
        env: {
          PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
          HOME: workDir,
          TMPDIR: tmpDir,
          WINDLASS_WORKER_ADDRESS: command.address,
          WINDLASS_WORKER_TOKEN: command.token,
        },
      });
      if (child.pid === undefined) {
        const [error] = (await once(child, "error")) as [Error];
        await rm(workDir, { recursive: true, force: true });
        throw error;
      }
      return watchProcess(child, child.pid, workDir, workerId, options);
    },
  };
}

function programOf(command: WorkerCommand): { program: string; args: string[] } {
  const entry = join(command.bundleDir, command.entryPoint);
  if (command.runtime === "exec") return { program: entry, args: [] };
  return { program: process.execPath, args: [`--max-old-space-size=${heapLimitMb(command.machine)}`, entry] };
}

function watchProcess(
  child: ChildProcess,
  pid: number,
  workDir: string,
  workerId: string,
  { watcher, clock, logger }: { watcher: GroupWatcher; clock: Clock; logger: Logger },
): WorkerProcess {
  const tail = createOutputTail(keptOutputBytes);
  let wasKilled = false;
  let isGone = false;
  const exited = settle();

  async function settle(): Promise<ProcessExit> {
    const onExit = () => {
      // The leader is gone; what it forked into its group must not outlive it (I5).
      signalGroup(pid, "SIGKILL");
      isGone = true;
      watcher.remove(pid);
    };
    const { code, signal, ...written } = await awaitChildEnd(child, onExit, { tail, clock });
    await rm(workDir, { recursive: true, force: true }).catch((error: unknown) => {
      logger.warn("cannot remove a worker's folder", { workerId, workDir, error });
    });
    return {
      ...(code === null ? {} : { exitCode: code }),
      ...(signal === null ? {} : { signal }),
      wasKilled,
      ...written,
    };
  }

  return {
    pid,
    exited,
    kill() {
      if (isGone) return;
      wasKilled = true;
      signalGroup(pid, "SIGKILL");
    },
    endStart() {
      // Nothing limits what plain processes have of the processors, before or after.
    },
    suspend() {
      if (!isGone) signalGroup(pid, "SIGSTOP");
    },
    resume() {
      if (!isGone) signalGroup(pid, "SIGCONT");
    },
    forgetOutput: () => tail.clear(),
    residentBytes: () => (isGone ? Promise.resolve(undefined) : readResidentBytes(pid)),
  };
}
