import { readdirSync } from "node:fs";
import path from "node:path";
import { readUsage } from "../bench/process-usage.ts";
import { listProcesses, type TestCluster } from "../kit/index.ts";

/** What one service of a cluster holds of its machine. */
export interface Footprint {
  /** Open file descriptors, sockets and pipes among them. */
  readonly files: number;
  /** Processes that it has started itself: a supervisor's workers, and the watcher over them. */
  readonly children: number;
  /** These, what they have started, and so on: a worker in a sandbox is several. */
  readonly processes: number;
  /** Control groups that carry its name. */
  readonly cgroups: number;
  /** Pages shared with others counted whole: a share of them (PSS) would change with how many others there are. */
  readonly residentMb: number;
}

export const services = ["run-store", "queue", "scheduler", "supervisor"] as const;
/** Shown beside them, but not judged: PostgreSQL's memory is a cache of what was used last. */
export const others = ["postgres", "nats"] as const;

const CGROUPS = "/sys/fs/cgroup";
/** Deep enough for a container in a pod, with our group and a worker's in it. */
const MAX_DEPTH = 8;

/** Linux only. @throws when the service does not run. */
export function readFootprint(cluster: TestCluster, name: string): Footprint {
  const pid = pidOf(cluster, name);
  const usage = readUsage(pid);
  if (usage === undefined) throw new Error(`${name} has ended`);
  return {
    files: readdirSync(`/proc/${pid}/fd`).length,
    children: listProcesses().filter(({ parentPid }) => parentPid === pid).length,
    processes: below(pid).length,
    cgroups: listCgroups(pid).length,
    residentMb: usage.rssMb,
  };
}

export function pidOf(cluster: TestCluster, name: string): number {
  const pid = cluster.member(name).process?.pid;
  if (pid === undefined) throw new Error(`${name} does not run`);
  return pid;
}

/** Processes that have something of these folders in command line, environment or working folder, and that no member of the cluster has started. */
export function listOrphans(cluster: TestCluster, folders: readonly string[]): string[] {
  const known = new Set([process.pid]);
  for (const name of [...services, ...others]) {
    const pid = pidOf(cluster, name);
    for (const each of [pid, ...below(pid)]) known.add(each);
  }
  return listTraced(folders).filter((each) => !known.has(Number.parseInt(each, 10)));
}

/** Processes that have something of these folders in command line, environment or working folder. */
export function listTraced(folders: readonly string[]): string[] {
  return listProcesses()
    .filter(({ pid, traces }) => pid !== process.pid && folders.some((folder) => traces.includes(folder)))
    .map(({ pid, command }) => `${pid} ${command}`);
}

/** The groups of a supervisor with this process id, and what is in them. */
export function listCgroups(supervisorPid: number): string[] {
  const found: string[] = [];
  const visit = (folder: string, isOurs: boolean, depth: number): void => {
    for (const name of foldersIn(folder)) {
      const child = path.join(folder, name);
      const isHere = isOurs || name.startsWith(`windlass-${supervisorPid}-`);
      if (isHere) found.push(child);
      if (depth < MAX_DEPTH) visit(child, isHere, depth + 1);
    }
  };
  visit(CGROUPS, false, 1);
  return found;
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return []; // removed while we looked, or there are none on this system
  }
}

function below(pid: number): number[] {
  const all = listProcesses();
  const visit = (parent: number): number[] =>
    all.filter(({ parentPid }) => parentPid === parent).flatMap((child) => [child.pid, ...visit(child.pid)]);
  return visit(pid);
}
