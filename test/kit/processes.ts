import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { identifyProcess } from "@windlass/local";

/** A living process. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parentPid: number;
  readonly command: string;
  /** Command line, environment and working folder: where the name of its cluster's folder shows. */
  readonly traces: string;
}

/** All living processes that this user may look at; ended ones that only wait to be collected are left out. */
export function listProcesses(): ProcessInfo[] {
  return (process.platform === "linux" ? listFromProc() : listFromPs()).filter(
    ({ pid }) => identifyProcess(pid) !== undefined,
  );
}

/** The processes started by `pid`, by those it started, and so on. */
export function descendants(pid: number): ProcessInfo[] {
  const all = listProcesses();
  const below = (parent: number): ProcessInfo[] =>
    all.filter((info) => info.parentPid === parent).flatMap((child) => [child, ...below(child.pid)]);
  return below(pid);
}

/** The processes that belong to the cluster in this folder: its own members, its workers, and what they started. */
export function processesOf(home: string): ProcessInfo[] {
  return listProcesses().filter(({ pid, traces }) => pid !== process.pid && traces.includes(home));
}

function listFromProc(): ProcessInfo[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const parentPid = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
        return [{ pid: Number(name), parentPid, command, traces: `${command}\n${environmentOf(name)}` }];
      } catch {
        return []; // ended while we looked
      }
    });
}

/** Empty when the process is another user's. */
function environmentOf(pid: string): string {
  try {
    return `${readFileSync(`/proc/${pid}/environ`, "utf8")}\n${readlinkSync(`/proc/${pid}/cwd`)}`;
  } catch {
    return "";
  }
}

function listFromPs(): ProcessInfo[] {
  const lines = execFileSync("ps", ["-axEww", "-o", "pid=,ppid=,command="], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  }).split("\n");
  return lines.flatMap((line) => {
    const [, pid, parentPid, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/u.exec(line) ?? [];
    return command === undefined ? [] : [{ pid: Number(pid), parentPid: Number(parentPid), command, traces: command }];
  });
}
