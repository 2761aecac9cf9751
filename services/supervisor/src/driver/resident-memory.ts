import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** More processes than these are not looked at: a look must stay cheap, whatever a task forks. */
const maxProcesses = 64;

/**
 * A process's resident memory: on Linux from /proc, with that of the processes it has forked, elsewhere from `ps`, without.
 * Of those only what is their own counts, for they share their program with others. Undefined when it is gone.
 */
export async function readResidentBytes(pid: number): Promise<number | undefined> {
  try {
    if (process.platform === "linux") return await readTree(pid);
    const { stdout } = await run("/bin/ps", ["-o", "rss=", "-p", String(pid)], { timeout: 2_000 });
    return bytesOf(stdout.trim());
  } catch {
    // The process ended between two looks at it; its exit is handled where it is waited for.
    return undefined;
  }
}

async function readTree(pid: number): Promise<number | undefined> {
  const ownBytes = fieldOf(await readFile(`/proc/${pid}/status`, "utf8"), "VmRSS");
  if (ownBytes === undefined) return undefined;
  let bytes = ownBytes;
  const pids = await childrenOf(pid);
  for (let nth = 0; nth < Math.min(pids.length, maxProcesses); nth += 1) {
    const child = pids[nth];
    if (child === undefined) break;
    const status = await readOr(`/proc/${child}/status`);
    bytes += (fieldOf(status, "RssAnon") ?? 0) + (fieldOf(status, "RssShmem") ?? 0);
    pids.push(...(await childrenOf(child)));
  }
  return bytes;
}

/** Those that its main thread has forked and that are not over; none where the kernel does not tell. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await readOr(`/proc/${pid}/task/${pid}/children`);
  return text === "" ? [] : text.trim().split(" ").map(Number);
}

/** "" when it is not there, or not any more. */
function readOr(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}

function fieldOf(status: string, name: string): number | undefined {
  return bytesOf(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]);
}

function bytesOf(kilobytes: string | undefined): number | undefined {
  const value = Number.parseInt(kilobytes ?? "", 10);
  return Number.isNaN(value) ? undefined : value * 1024;
}
