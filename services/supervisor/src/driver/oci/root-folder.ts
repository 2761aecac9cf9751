import { chmod, mkdir, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { SharedPath } from "./oci-config.ts";

/**
 * Lays down the folder that containers have as their root: nothing but the places at which `paths` and a worker's own things
 * are mounted, and the links of a merged /usr. It is read-only in every container, so all have the same one.
 */
export async function layDownRoot(
  rootDir: string,
  paths: readonly SharedPath[],
  own: {
    readonly folders: readonly string[];
    readonly files: readonly string[];
    /** Where they are, and where they lead to in the container. */
    readonly links: Readonly<Record<string, string>>;
  },
): Promise<void> {
  await mkdir(rootDir, { mode: 0o755 });
  const makeFolder = (path: string) => mkdir(join(rootDir, path), { recursive: true, mode: 0o755 });
  const makeFile = async (path: string) => {
    await makeFolder(dirname(path));
    await writeFile(join(rootDir, path), "", { mode: 0o644 });
  };
  for (const folder of ["proc", "dev", "tmp", "sys", "run", "etc", "var"]) await makeFolder(folder);
  // Some runtimes give what they mount the mode of what it covers.
  await chmod(join(rootDir, "tmp"), 0o1777);
  for (const { source, destination } of paths) {
    await ((await stat(source)).isDirectory() ? makeFolder(destination) : makeFile(destination));
  }
  for (const folder of own.folders) await makeFolder(folder);
  for (const file of own.files) await makeFile(file);
  for (const [path, target] of Object.entries(own.links)) {
    await makeFolder(dirname(path));
    await symlink(target, join(rootDir, path));
  }
  for (const name of ["bin", "sbin", "lib", "lib64"]) await symlink(`usr/${name}`, join(rootDir, name));
}
