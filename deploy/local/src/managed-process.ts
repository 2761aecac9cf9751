import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { lastWords, withLogFile } from "./log-file.ts";
import { endProcess, identifyProcess, type ProcessIdentity } from "./process-identity.ts";

const stopWithParentScript = fileURLToPath(new URL("stop-with-parent.sh", import.meta.url));

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What to start. */
export interface ManagedProcessOptions {
  /** Unique in its cluster; names the record and the log. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Standard output and standard error, fresh with every start. */
  readonly logFile: string;
  /** Where the process is remembered while it lives, so that the next start finds what a kill -9 left. */
  readonly recordDirectory: string;
  /** The polite request to stop; SIGTERM unless told. */
  readonly stopSignal?: NodeJS.Signals;
  /**
   * How it learns that this process is gone. "stdin": by the end of its standard input (the services' WINDLASS_EXIT_WITH_PARENT).
   * "watcher": a small shell waits for that in its place.
   */
  readonly exitWithParent: "stdin" | "watcher";
  /** Another user to run as; only root can. */
  readonly runAs?: { readonly uid: number; readonly gid: number } | undefined;
}

/** A child process in a session of its own: a Ctrl-C in the terminal reaches only its starter, which decides the order in which things stop. */
export interface ManagedProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Settles when it has ended; never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Set once it has ended. */
  readonly exit: ProcessExit | undefined;
  /** Sends a signal; nothing happens when it has ended. */
  signal(signal: NodeJS.Signals): void;
  /** Asks it to stop and waits; after `limitMs` it is killed. */
  stop(limitMs?: number): Promise<ProcessExit>;
}

/**
 * Starts a process.
 * @throws when the program cannot be started at all. A program that starts and fails is seen by `exited`.
 */
export async function startProcess(options: ManagedProcessOptions): Promise<ManagedProcess> {
  const child = withLogFile(options.logFile, (log) =>
    spawn(options.command, options.args, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: [options.exitWithParent === "stdin" ? "pipe" : "ignore", log, log],
      ...options.runAs,
    }),
  );
  // Remembered and watched before anything else can happen: from here on a kill -9 of this process leaves nothing for long.
  const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
  if (identity !== undefined) remember(options, identity);
  const watcher = identity && options.exitWithParent === "watcher" ? startWatcher(identity, options) : undefined;
  let exit: ProcessExit | undefined;
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once("exit", (code, signal) => {
      exit = { code, signal };
      forget(options);
      watcher?.stdin?.end(); // it sees that the process is gone, and goes too
      resolve(exit);
    });
  });
  // A child that ends before it has read its input breaks this pipe: its exit says so.
  child.stdin?.on("error", () => undefined);
  const pid = await spawned(child, options);

  return {
    name: options.name,
    pid,
    logFile: options.logFile,
    exited,
    get exit() {
      return exit;
    },
    signal(signal) {
      if (exit === undefined) child.kill(signal);
    },
    async stop(limitMs = 10_000) {
      if (exit === undefined && identity !== undefined)
        await endProcess(identity, options.stopSignal ?? "SIGTERM", limitMs);
      return exited;
    },
  };
}

/** One line that says how a process failed and where to read more. */
export function describeExit(name: string, exit: ProcessExit, logFile: string): string {
  const how = exit.signal === null ? `exited with code ${exit.code}` : `was ended by ${exit.signal}`;
  const words = lastWords(logFile);
  return `${name} ${how}${words === "" ? "" : `: ${words}`} (log: ${logFile})`;
}

function spawned(child: ChildProcess, options: ManagedProcessOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", (error) => {
      reject(new Error(`${options.name} cannot be started: ${error.message}`, { cause: error }));
    });
    child.once("spawn", () => resolve(child.pid ?? 0));
  });
}

function startWatcher(identity: ProcessIdentity, options: ManagedProcessOptions): ChildProcess {
  const args = [stopWithParentScript, options.stopSignal ?? "SIGTERM", String(identity.pid), identity.startMark];
  args[1] = (args[1] ?? "").replace(/^SIG/u, ""); // what POSIX kill -s takes
  const watcher = spawn("/bin/sh", args, {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: { PATH: process.env["PATH"] },
  });
  watcher.on("error", () => undefined); // without it, the next start finds the record
  watcher.stdin.on("error", () => undefined);
  return watcher;
}

function recordFile(options: { recordDirectory: string; name: string }): string {
  return path.join(options.recordDirectory, `${options.name}.json`);
}

function remember(options: ManagedProcessOptions, identity: ProcessIdentity): void {
  mkdirSync(options.recordDirectory, { recursive: true });
  writeFileSync(recordFile(options), JSON.stringify({ ...identity, stopSignal: options.stopSignal ?? "SIGTERM" }));
}

function forget(options: ManagedProcessOptions): void {
  rmSync(recordFile(options), { force: true });
}
