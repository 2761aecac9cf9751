import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** What a process has used so far. */
export interface Usage {
  /** User and system time, milliseconds. */
  readonly cpuMs: number;
  /** What its children used that have ended and were collected, milliseconds. */
  readonly endedChildrenCpuMs: number;
  /** Memory that is its own, plus its share of what it shares (PSS), MB. */
  readonly pssMb: number;
  /** Resident memory, shared pages counted whole, MB. */
  readonly rssMb: number;
}

// Linux counts CPU time in clock ticks of 10 ms, whatever the kernel's own frequency (man 5 proc).
const MS_PER_TICK = 10;

/** Reads a process's usage; undefined when it has ended. Linux only. */
export function readUsage(pid: number): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const kb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(rollup)?.[1] ?? 0);
    return {
      cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK,
      endedChildrenCpuMs: (Number(fields[13]) + Number(fields[14])) * MS_PER_TICK,
      pssMb: kb("Pss") / 1024,
      rssMb: kb("Rss") / 1024,
    };
  } catch {
    return undefined;
  }
}

/** Every process below `pid`, itself not included. */
export function descendants(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const line of execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n")) {
    const [child, parent] = line.trim().split(/\s+/).map(Number) as [number, number];
    children.set(parent, [...(children.get(parent) ?? []), child]);
  }
  const found: number[] = [];
  const visit = (parent: number) => {
    for (const child of children.get(parent) ?? []) {
      found.push(child);
      visit(child);
    }
  };
  visit(pid);
  return found;
}
