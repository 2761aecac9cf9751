import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const commandLimitMs = 300_000;

/** Programs that `unpackDebianPackages` is done with. */
export const debianTools: readonly string[] = ["apt-get", "dpkg-deb"];

interface CommandOptions {
  readonly cwd?: string;
  readonly timeout: number;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * These packages, and those of all they depend on that are not on the machine: what `unpackDebianPackages` needs for a
 * program with many libraries. Asks only; nothing is installed, and it needs no root.
 * @throws what apt-get failed with.
 */
export async function withMissingDependencies(packages: readonly string[], searchPath: string): Promise<string[]> {
  const options = { timeout: commandLimitMs, env: { ...process.env, PATH: searchPath } };
  const said = await askApt(["install", "--simulate", "--no-install-recommends", ...packages], options);
  const missing = [...said.matchAll(/^Inst (\S+)/gmu)].map(([, name]) => name ?? "");
  return [...new Set([...packages, ...missing])];
}

/**
 * Fetches packages of the distribution and unpacks them into a folder, whole or not at all. Nothing is installed: it needs no
 * root, and no system service is started. Their dependencies have to be named, or on the machine.
 * @throws what apt-get or dpkg-deb failed with.
 */
export async function unpackDebianPackages(
  packages: readonly string[],
  directory: string,
  searchPath: string,
): Promise<void> {
  const part = `${directory}.${process.pid}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  try {
    const options = { cwd: part, timeout: commandLimitMs, env: { ...process.env, PATH: searchPath } };
    await askApt(["download", ...packages], options);
    const files = readdirSync(part).filter((name) => name.endsWith(".deb"));
    if (files.length === 0) throw new Error("apt-get download brought no package");
    for (const file of files) {
      await run("dpkg-deb", ["-x", file, "."], options);
      rmSync(path.join(part, file));
    }
    if (!existsSync(directory)) renameSync(part, directory);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

/** Runs apt-get; for root, once more with fresh package lists when it fails: a new machine has none yet. */
async function askApt(args: readonly string[], options: CommandOptions): Promise<string> {
  const ask = async (): Promise<string> => (await run("apt-get", args, options)).stdout;
  try {
    return await ask();
  } catch (error) {
    if (process.getuid?.() !== 0) throw error;
    await run("apt-get", ["update", "-qq"], options);
    return await ask();
  }
}
