import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Who a process is. A process id alone is not enough: the system gives it to another process later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When the process began, in the system's own notation; compared, never read. */
  readonly startMark: string;
}

const pollIntervalMs = 20;

/** The identity of the living process with this id; undefined when there is none, or it has ended and only waits to be collected. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const startMark = process.platform === "linux" ? startMarkFromProc(pid) : startMarkFromPs(pid);
  return startMark === undefined ? undefined : { pid, startMark };
}

/** Whether exactly this process still lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startMark === identity.startMark;
}

/**
 * Ends a process that need not be a child: asks with `signal`, and after `limitMs` kills it. A stopped (SIGSTOP) process is continued first.
 * Does nothing when the identity is not alive: a process that only has the same id is never touched.
 */
export async function endProcess(identity: ProcessIdentity, signal: NodeJS.Signals, limitMs: number): Promise<void> {
  if (!isAlive(identity)) return;
  sendSignal(identity.pid, signal);
  sendSignal(identity.pid, "SIGCONT");
  const deadline = performance.now() + limitMs;
  while (isAlive(identity)) {
    if (performance.now() > deadline) sendSignal(identity.pid, "SIGKILL");
    await sleep(pollIntervalMs);
  }
}

/** Sends a signal; false when the process is gone. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (isErrorWithCode(error, "ESRCH")) return false;
    throw error;
  }
}

/** Narrows a thrown value to a system error with this code, such as "ENOENT". */
export function isErrorWithCode(error: unknown, code: string): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && error.code === code;
}

function startMarkFromProc(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined; // no such process
  }
  // "pid (name) state ppid ...": the name can contain anything, so count fields from its closing parenthesis.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, startTicks] = [fields[0], fields[19]];
  return state === "Z" || state === "X" ? undefined : `${bootId()}-${startTicks}`;
}

/** Ticks count from the boot: without its id, a process of an earlier boot could be mistaken for one of this. */
function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8);
}

function startMarkFromPs(pid: number): string | undefined {
  try {
    const line = execFileSync("ps", ["-o", "state=,lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
    return line === "" || line.startsWith("Z") ? undefined : line.slice(line.indexOf(" ")).trim();
  } catch {
    return undefined; // ps exits 1 when there is no such process
  }
}
