import type { MemoryExceeded } from "../driver.ts";

/** What one worker may use, all of its processes together. */
export interface WorkerLimits {
  readonly memoryBytes: number;
  /** Processors; a half is 0.5. */
  readonly cpu: number;
  /** Processes and threads. */
  readonly maxProcesses: number;
}

/** A value to be written into a file of a cgroup. */
export interface CgroupSetting {
  readonly controller: string;
  readonly file: string;
  readonly value: string;
  /** Whether a kernel may be without this file. */
  readonly isOptional?: boolean;
}

/** Reads a file of a worker's cgroup, or of the runtime's leaf in it; undefined when there is none. */
export type ReadCgroupFile = (controller: string, file: string, at?: "leaf") => Promise<string | undefined>;

/** What differs between the two versions of cgroups: names and units of files. */
export interface CgroupVersion {
  readonly version: 1 | 2;
  /** Without these there are no limits. */
  readonly neededControllers: readonly string[];
  /** For the cgroup that all workers of a supervisor are in. */
  supervisorSettings(processors: number): CgroupSetting[];
  /** For the cgroup of one worker, in the order in which they must be written. */
  workerSettings(limits: WorkerLimits): CgroupSetting[];
  /** For the cgroup of one worker: how much of the processors it may have. `workerSettings` has it, too. */
  processorLimit(cpu: number): CgroupSetting;
  readonly freeze: CgroupSetting;
  readonly thaw: CgroupSetting;
  /** Kills everything in it, also what is frozen; undefined where only signals do, which what is frozen does not get. */
  readonly kill: CgroupSetting | undefined;
  /** Memory in use without what is only cache and would be given back. */
  workingSetBytes(read: ReadCgroupFile): Promise<number | undefined>;
  /** Whether the kernel killed something in it for its memory, with the figures. */
  memoryExceeded(read: ReadCgroupFile, limits: WorkerLimits): Promise<MemoryExceeded | undefined>;
}

export const cpuPeriodUs = 100_000;

/** The number after a word in a file of "word number" lines. */
export function numberAfter(text: string | undefined, word: string): number | undefined {
  return wholeNumber(new RegExp(`^${word} (\\d+)$`, "m").exec(text ?? "")?.[1]);
}

export function wholeNumber(text: string | undefined): number | undefined {
  const value = Number.parseInt(text ?? "", 10);
  return Number.isNaN(value) ? undefined : value;
}
