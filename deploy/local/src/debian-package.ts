import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const commandLimitMs = 300_000;

/** Programs that `unpackDebianPackages` is done with. */
export const debianTools: readonly string[] = ["apt-get", "dpkg-deb"];

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
    const download = () => run("apt-get", ["download", ...packages], options);
    try {
      await download();
    } catch (error) {
      if (process.getuid?.() !== 0) throw error;
      await run("apt-get", ["update", "-qq"], options); // a new machine has no package lists yet
      await download();
    }
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
