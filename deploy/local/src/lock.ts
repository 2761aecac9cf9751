import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { identifyProcess, isAlive, isErrorWithCode, type ProcessIdentity } from "./process-identity.ts";

/** A file that says which process runs the cluster of a folder. It outlives a kill -9, and is then recognised as stale by the process' start time. */
export interface Lock {
  /** Lets a second start say where the cluster is. */
  publishAddress(address: string): void;
  /** Gives the lock back; a second call does nothing. */
  release(): void;
}

/** Thrown when a living process holds the lock. */
export class LockHeldError extends Error {
  override readonly name = "LockHeldError";
  readonly pid: number;
  /** Empty while the holder is still starting. */
  readonly address: string;

  constructor(holder: LockContent) {
    const where = holder.address === "" ? "it is still starting" : `at ${holder.address}`;
    super(`a cluster of this folder is already running: process ${holder.pid}, ${where}`);
    this.pid = holder.pid;
    this.address = holder.address;
  }
}

interface LockContent extends ProcessIdentity {
  readonly address: string;
}

/**
 * Takes the lock for this process.
 * @throws LockHeldError when another living process has it.
 */
export function acquireLock(file: string): Lock {
  const self = identifyProcess(process.pid);
  if (self === undefined) throw new Error("this process cannot find its own start time");
  const content: LockContent = { ...self, address: "" };
  // Written aside and linked into place: the file is never seen half written, and only one of two starters gets it.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(content), { mode: 0o600 });
  try {
    while (!tryLink(draft, file)) {
      const holder = readLock(file);
      if (holder !== undefined && isAlive(holder)) throw new LockHeldError(holder);
      removeStale(file, holder);
    }
  } finally {
    rmSync(draft, { force: true });
  }

  let held = true;
  return {
    publishAddress(address) {
      writeFileSync(draft, JSON.stringify({ ...content, address }), { mode: 0o600 });
      renameSync(draft, file);
    },
    release() {
      if (held) rmSync(file, { force: true });
      held = false;
    },
  };
}

function tryLink(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (isErrorWithCode(error, "EEXIST")) return false;
    throw error;
  }
}

/** Another starter may have replaced the stale lock by its own meanwhile: what was moved away is looked at again before it is dropped. */
function removeStale(file: string, stale: LockContent | undefined): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (isErrorWithCode(error, "ENOENT")) return;
    throw error;
  }
  const moved = readLock(aside);
  if (moved !== undefined && (moved.pid !== stale?.pid || moved.startMark !== stale.startMark)) tryLink(aside, file);
  rmSync(aside, { force: true });
}

function readLock(file: string): LockContent | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof content !== "object" || content === null) return undefined;
    const { pid, startMark, address } = content as Record<string, unknown>;
    if (typeof pid !== "number" || typeof startMark !== "string") return undefined;
    return { pid, startMark, address: typeof address === "string" ? address : "" };
  } catch {
    return undefined; // gone, or not a lock: then nobody holds it
  }
}
