import type { Machine } from "./driver/machine.ts";

/** What is known of a worker that could be used again. */
export interface WorkerWear {
  readonly runs: number;
  readonly ageMs: number;
  /** Its resident memory when last looked at; undefined when it could not be read. */
  readonly residentBytes: number | undefined;
  /** How long it has been idle, when its environment's last attempt needed other code or variables than it has; 0 otherwise. */
  readonly supersededIdleMs: number;
}

export type RecycleReason = "runs" | "age" | "memory" | "superseded";

const maxRuns = 10_000;
const maxAgeMs = 3_600_000;
/** Retries and pinned runs may still need the old version; one that comes later has a worker started. */
const maxSupersededIdleMs = 10_000;
/** Of the machine's memory: a process that is this large between runs has leaked, and the next run would be the victim. */
const maxMemoryShare = 0.8;

/** Whether a worker should be replaced before its next run, and why. At thousands of runs a second less would cost more than the runs. */
export function recycleReason(wear: WorkerWear, machine: Machine): RecycleReason | undefined {
  if (wear.runs >= maxRuns) return "runs";
  if (wear.ageMs >= maxAgeMs) return "age";
  if (wear.supersededIdleMs >= maxSupersededIdleMs) return "superseded";
  const limitBytes = machine.memoryMb * 1024 * 1024 * maxMemoryShare;
  return wear.residentBytes !== undefined && wear.residentBytes > limitBytes ? "memory" : undefined;
}

/** Whether a process uses more than its machine has. */
export function isOverMemory(residentBytes: number, machine: Machine): boolean {
  return residentBytes > machine.memoryMb * 1024 * 1024;
}
