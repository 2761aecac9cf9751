import { existsSync } from "node:fs";
import { readdir, readFile, readlink, rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { signalGroup } from "./signal-group.ts";

/** Its watcher needs milliseconds to end what a killed supervisor leaves; whoever takes longer has none. */
const watcherLimitMs = 2_000;
const endLimitMs = 5_000;
const lookMs = 50;

/**
 * Ends what a supervisor that is gone has left in its private folder: that is its watcher's work, and ours when the watcher
 * was killed with it. Resolves with whether nothing of it executes any more; elsewhere than on Linux that is so only if the
 * watcher has done it, since nothing else tells whose a process is.
 */
export async function endLeftovers(privateDir: string): Promise<boolean> {
  await until(watcherLimitMs, () => Promise.resolve(!existsSync(privateDir)));
  if (process.platform !== "linux") return !existsSync(privateDir);
  const isOver = await until(endLimitMs, async () => {
    const groups = await groupsIn(privateDir);
    for (const group of groups) signalGroup(group, "SIGKILL");
    return groups.size === 0;
  });
  if (isOver) await rm(privateDir, { recursive: true, force: true });
  return isOver;
}

/** The process groups of workers that were started there: by their working folder, or by the socket they were told. */
async function groupsIn(privateDir: string): Promise<Set<number>> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const groups = await Promise.all(
    pids.map(async (pid) => {
      try {
        const isTheirs = (await workingFolder(pid)).startsWith(`${privateDir}/`) || (await knows(pid, privateDir));
        return isTheirs ? await livingGroup(pid) : undefined;
      } catch {
        return undefined; // it has ended, or is another user's
      }
    }),
  );
  return new Set(groups.filter((group) => group !== undefined));
}

const workingFolder = (pid: string): Promise<string> => readlink(`/proc/${pid}/cwd`);

async function knows(pid: string, privateDir: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, "latin1");
  return environment.includes(`WINDLASS_WORKER_ADDRESS=unix:${privateDir}/`);
}

/** Undefined for one that has ended and only waits to be collected. */
async function livingGroup(pid: string): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state === "Z" || state === "X" ? undefined : Number(group);
}

/** Whether the condition came to hold within the limit. */
async function until(limitMs: number, condition: () => Promise<boolean>): Promise<boolean> {
  const limit = AbortSignal.timeout(limitMs);
  while (!(await condition())) {
    if (limit.aborted) return false;
    await delay(lookMs);
  }
  return true;
}
