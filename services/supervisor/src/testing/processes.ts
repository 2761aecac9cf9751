import { execFile } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Command lines of the processes of this machine that contain the text. */
export async function commandsContaining(text: string): Promise<string[]> {
  const { stdout } = await run("ps", ["-A", "-ww", "-o", "pid=,stat=,command="]);
  return stdout.split("\n").filter((line) => line.includes(text) && !/^\s*\d+\s+Z/.test(line));
}

/** A process's state as `ps` has it: "T" when it is stopped, "Z" for a zombie; "" when there is none. */
export async function stateOf(pid: number): Promise<string> {
  const { stdout } = await run("ps", ["-o", "stat=", "-p", String(pid)]).catch(() => ({ stdout: "" }));
  return stdout.trim();
}

/** Whether a process exists; a zombie does not count. */
export async function isAlive(pid: number): Promise<boolean> {
  const state = await stateOf(pid);
  return state !== "" && !state.startsWith("Z");
}

/** Resolves when the condition holds; throws after the limit. */
export async function eventually(condition: () => boolean | Promise<boolean>, limitMs = 45_000): Promise<void> {
  const limit = AbortSignal.timeout(limitMs);
  while (!(await condition())) {
    if (limit.aborted) throw new Error(`Not within ${limitMs} ms: ${condition.toString()}`);
    await delay(10);
  }
}
