import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A process's resident memory: from /proc where there is one, else from `ps`. Undefined when it is gone. */
export async function readResidentBytes(pid: number): Promise<number | undefined> {
  try {
    if (process.platform === "linux") {
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      return kilobytes(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
    }
    const { stdout } = await run("/bin/ps", ["-o", "rss=", "-p", String(pid)], { timeout: 2_000 });
    return kilobytes(stdout.trim());
  } catch {
    // The process ended between two looks at it; its exit is handled where it is waited for.
    return undefined;
  }
}

function kilobytes(text: string | undefined): number | undefined {
  const value = Number.parseInt(text ?? "", 10);
  return Number.isNaN(value) ? undefined : value * 1024;
}
