import type { Machine } from "./machine.ts";

/** What to start, and what it is told. Nothing else of the supervisor's environment reaches the process. */
export interface WorkerCommand {
  /** The folder the bundle was laid down in; read-only. */
  readonly bundleDir: string;
  /** The file to start, relative to it. */
  readonly entryPoint: string;
  /** "node": with the supervisor's own Node.js. "exec": as a program. */
  readonly runtime: "node" | "exec";
  readonly machine: Machine;
  /** WINDLASS_WORKER_ADDRESS: where the worker's session is served. */
  readonly address: string;
  /** WINDLASS_WORKER_TOKEN: what the worker proves itself with in Hello. */
  readonly token: string;
}

/**
 * How well a driver confines its workers: "process" is no security boundary; "runc" and "crun" are containers on
 * the machine's own kernel; "runsc" (gVisor) gives each worker a kernel of its own, which runs without privileges.
 */
export const sandboxTiers = ["process", "runc", "crun", "runsc"] as const;
export type SandboxTier = (typeof sandboxTiers)[number];

/** How a worker's process group ended. */
export interface ProcessExit {
  /** The leader's exit code; absent when a signal ended it. */
  readonly exitCode?: number;
  /** The signal that ended the leader; absent when it exited by itself. */
  readonly signal?: string;
  /** True when `kill` was called before it ended. */
  readonly wasKilled: boolean;
  /** The end of what it wrote to stdout and stderr since `forgetOutput` was called last: at most 64 KB. */
  readonly output: string;
  /** How many bytes it wrote before those; absent when those are all. */
  readonly omittedOutputBytes?: number;
  /**
   * Set when the kernel ended it because it needed more memory than its machine has: what it may have, and the most it had.
   * Only a driver with a memory limit of the kernel's knows this; it is never guessed.
   */
  readonly memoryExceeded?: MemoryExceeded;
}

export interface MemoryExceeded {
  readonly limitBytes: number;
  readonly peakBytes: number;
}

/** One worker's process group. */
export interface WorkerProcess {
  readonly pid: number;
  /**
   * Resolves when the process has ended, whatever it had forked into its group has been killed, and its private folder is
   * removed. Never rejects. Every wait on a worker races with this.
   */
  readonly exited: Promise<ProcessExit>;
  /** Sends SIGKILL to the whole group; `exited` tells when it is gone. Once it has ended, nothing happens. */
  kill(): void;
  /**
   * It has started: from now on it gets no more of the processors than its machine has. Until it is told so a driver may let it
   * have more, of what nobody else wants. Twice is fine.
   */
  endStart(): void;
  /** Stops all of it where it is (SIGSTOP, or the cgroup's freezer); it keeps its memory and gets no processor. It can still be killed. */
  suspend(): void;
  /** Lets what was suspended go on. */
  resume(): void;
  /** What it wrote so far is of no interest any more: an attempt begins, which is not to be told of what others wrote. */
  forgetOutput(): void;
  /** Its resident memory, under a cgroup all of its processes' without what is only cache; undefined when it cannot be read (it is gone). */
  residentBytes(): Promise<number | undefined>;
}

/** A way to run workers, with an honest name for how well it confines them. */
export interface Driver {
  /** What it really does here, as told to the run-store at registration. */
  readonly sandboxTier: SandboxTier;
  /** Starts a worker. Rejects when the operating system refuses; a program that cannot be executed exits with 126 or 127. */
  start(workerId: string, command: WorkerCommand): Promise<WorkerProcess>;
}
