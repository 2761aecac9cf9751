import { writeFileSync } from "node:fs";
import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Clock } from "@windlass/chassis";
import type { MemoryExceeded } from "../driver.ts";
import type { Hierarchy } from "./cgroup-hierarchies.ts";
import { sweepLeftovers } from "./cgroup-sweep.ts";
import { cgroupV1 } from "./cgroup-v1.ts";
import { cgroupV2 } from "./cgroup-v2.ts";
import type { CgroupSetting, CgroupVersion, ReadCgroupFile, WorkerLimits } from "./cgroup-version.ts";

/** What one worker's processes are in: ours, with the limits, and in it a leaf that the runtime makes for its container. */
export interface WorkerCgroup {
  /** For config.json's `cgroupsPath`: from our own cgroup, or from the hierarchy's root. */
  path(from: "own" | "root"): string;
  /** It has started: its limit of processors is its own from now on. Twice is fine. */
  endStart(): void;
  freeze(): void;
  thaw(): void;
  /** Sees to it that what has been sent SIGKILL dies, frozen or not. */
  kill(): void;
  workingSetBytes(): Promise<number | undefined>;
  memoryExceeded(): Promise<MemoryExceeded | undefined>;
  /** Removes it once it is empty. Rejects when it is not after two seconds. */
  remove(): Promise<void>;
}

/** The cgroups of a supervisor's workers. */
export interface WorkerCgroups {
  readonly version: 1 | 2;
  /** Where they are, in every hierarchy: for the watcher, who removes them when the supervisor cannot. */
  readonly folders: readonly string[];
  /** Removes what dead supervisors left, and makes the folders. Rejects when this is not allowed. */
  start(): Promise<void>;
  create(workerId: string, limits: WorkerLimits): Promise<WorkerCgroup>;
  /** The controllers under whose limits no process of the worker is; empty when all hold. */
  controllersWithoutProcess(workerId: string): Promise<string[]>;
  /** Removes the folders; no worker may be left. */
  stop(): Promise<void>;
}

/** Why workers cannot have limits on this machine. */
class CgroupsUnavailable extends Error {
  override readonly name = "CgroupsUnavailable";
}

/**
 * How much of the processors a worker may have while it starts, unless its machine has more. Two make it faster by some percent
 * only. Its share among those who want more than there is stays that of its machine.
 */
const startCpu = 1;
const leafName = "c";
/** Where the supervisor itself goes in version 2, in which a cgroup with limits for others may hold no process itself. */
const supervisorLeaf = "windlass-supervisor";
const removeLimitMs = 2_000;
const removeRetryMs = 10;

/** Throws CgroupsUnavailable when the machine has not what is needed. */
export function createWorkerCgroups(options: {
  hierarchies: readonly Hierarchy[];
  /** The name of the cgroup that all of them are in; no other supervisor has it. */
  name: string;
  processors: number;
  clock: Clock;
}): WorkerCgroups {
  const { hierarchies, name, processors, clock } = options;
  const version = versionOf(hierarchies);
  const used = version.version === 1 ? hierarchies : hierarchies.filter((each) => each.version === 2);
  const groups = used.map((each) => {
    const isMoved = each.version === 2 && basename(each.ownPath) === supervisorLeaf;
    return {
      hierarchy: each,
      parent: isMoved ? dirname(each.ownFolder) : each.ownFolder,
      parentPath: isMoved ? dirname(each.ownPath) : each.ownPath,
    };
  });
  const folderOf = (controller: string) => {
    const group = groups.find(({ hierarchy }) =>
      version.version === 1 ? hierarchy.controllers.includes(controller) : hierarchy.version === 2,
    );
    if (group === undefined) throw new CgroupsUnavailable(`the cgroup controller ${controller} is not mounted`);
    return join(group.parent, name);
  };
  const folders = groups.map(({ parent }) => join(parent, name));

  async function write(settings: readonly CgroupSetting[], ...path: string[]): Promise<void> {
    for (const { controller, file, value, isOptional } of settings) {
      const target = join(folderOf(controller), ...path, file);
      try {
        await writeFile(target, value, { flag: "r+" });
      } catch (error) {
        if (isOptional === true && (error as NodeJS.ErrnoException).code === "ENOENT") continue;
        throw error;
      }
    }
  }

  return {
    version: version.version,
    folders,
    async start() {
      await sweepLeftovers(groups.map(({ parent }) => parent));
      if (version.version === 2)
        for (const { parent, parentPath } of groups) await shareControllers(parent, parentPath);
      for (const folder of folders) await mkdir(folder);
      if (version.version === 2) for (const folder of folders) await enableControllers(folder);
      await write(version.supervisorSettings(processors));
    },
    async create(workerId, limits) {
      for (const folder of folders) await mkdir(join(folder, workerId));
      await write(version.workerSettings(limits), workerId);
      await write([version.processorLimit(Math.max(limits.cpu, startCpu))], workerId).catch((error: unknown) => {
        // Version 1 refuses more than the supervisor itself may have; then it starts with what it has later.
        if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
      });
      // Made by us, it stays when a runtime removes what it made; it has the evidence of what the kernel killed.
      if (version.version === 1) await mkdir(join(folderOf("memory"), workerId, leafName));
      const read: ReadCgroupFile = (controller, file, at) =>
        readOrNothing(join(folderOf(controller), workerId, ...(at === "leaf" ? [leafName] : []), file));
      const set = ({ controller, file, value, isOptional }: CgroupSetting) => {
        try {
          writeFileSync(join(folderOf(controller), workerId, file), value, { flag: "r+" });
        } catch (error) {
          if (isOptional !== true || (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        }
      };
      return {
        path: (from) => join(from === "own" ? "" : parentPathOf("memory"), name, workerId, leafName),
        endStart: () => set(version.processorLimit(limits.cpu)),
        freeze: () => set(version.freeze),
        thaw: () => set(version.thaw),
        kill: () => set(version.kill ?? version.thaw),
        workingSetBytes: () => version.workingSetBytes(read),
        memoryExceeded: () => version.memoryExceeded(read, limits),
        async remove() {
          await Promise.all(folders.map((folder) => removeWhenEmpty(join(folder, workerId), clock)));
        },
      };
    },
    async controllersWithoutProcess(workerId) {
      const without: string[] = [];
      for (const controller of version.neededControllers) {
        if (!(await hasProcess(join(folderOf(controller), workerId)))) without.push(controller);
      }
      return without;
    },
    async stop() {
      await Promise.all(folders.map((folder) => removeWhenEmpty(folder, clock)));
    },
  };

  function parentPathOf(controller: string): string {
    const folder = folderOf(controller);
    return groups.find(({ parent }) => join(parent, name) === folder)?.parentPath ?? "/";
  }
}

function versionOf(hierarchies: readonly Hierarchy[]): CgroupVersion {
  const isV1 = hierarchies.some(({ controllers }) => controllers.includes("memory"));
  if (!isV1 && hierarchies.some(({ version }) => version === 2)) return cgroupV2;
  const missing = cgroupV1.neededControllers.filter(
    (controller) => !hierarchies.some(({ controllers }) => controllers.includes(controller)),
  );
  if (missing.length === 0) return cgroupV1;
  throw new CgroupsUnavailable(`these cgroup controllers are not mounted: ${missing.join(", ")}`);
}

/**
 * Lets the cgroups below have controllers. Version 2 refuses this while the cgroup has processes, unless it is the machine's
 * root; then the supervisor moves into a leaf, in a container (whose root this is) with whatever else is there.
 */
async function shareControllers(folder: string, path: string): Promise<void> {
  try {
    await enableControllers(folder);
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EBUSY") throw error;
  }
  const leaf = join(folder, supervisorLeaf);
  await mkdir(leaf, { recursive: true });
  const pids = path === "/" ? await processesOf(folder) : [process.pid];
  for (const pid of pids) await moveProcess(pid, leaf);
  await enableControllers(folder).catch((error: unknown) => {
    throw new CgroupsUnavailable(
      `the cgroup ${path} has other processes than the supervisor; give it one of its own (systemd: Delegate=yes), ${(error as Error).message}`,
    );
  });
}

async function moveProcess(pid: number, leaf: string): Promise<void> {
  try {
    await writeFile(join(leaf, "cgroup.procs"), String(pid), { flag: "r+" });
  } catch (error) {
    // It ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function enableControllers(folder: string): Promise<void> {
  const available = (await readFile(join(folder, "cgroup.controllers"), "utf8")).trim().split(" ");
  const missing = cgroupV2.neededControllers.filter((controller) => !available.includes(controller));
  if (missing.length > 0) {
    throw new CgroupsUnavailable(`the cgroup ${folder} is not given these controllers: ${missing.join(", ")}`);
  }
  const enabled = cgroupV2.neededControllers.map((controller) => `+${controller}`).join(" ");
  await writeFile(join(folder, "cgroup.subtree_control"), enabled, { flag: "r+" });
}

async function processesOf(folder: string): Promise<number[]> {
  const text = (await readOrNothing(join(folder, "cgroup.procs"))) ?? "";
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
}

async function hasProcess(folder: string): Promise<boolean> {
  if ((await processesOf(folder)).length > 0) return true;
  for (const child of await childrenOf(folder)) if (await hasProcess(child)) return true;
  return false;
}

async function childrenOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
}

async function readOrNothing(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch {
    // Cgroups go as their processes do; who asks is told that there is nothing to read.
    return undefined;
  }
}

/** Removes a cgroup and those in it. The kernel calls it busy for a moment after its last process has ended. */
async function removeWhenEmpty(folder: string, clock: Clock): Promise<void> {
  const untilMs = clock.monotonicMs() + removeLimitMs;
  for (;;) {
    try {
      for (const child of await childrenOf(folder)) await removeWhenEmpty(child, clock);
      await rmdir(folder);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return;
      if (code !== "EBUSY" || clock.monotonicMs() > untilMs) throw error;
    }
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, removeRetryMs));
  }
}
