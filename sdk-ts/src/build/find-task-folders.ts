import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { BuildSettings } from "../task/read-config.ts";
import { BuildError } from "./build-error.ts";
import { isSkippedFolder } from "./find-task-files.ts";

const DEFAULT_NAME = "trigger";
const MAX_FOLDERS = 10_000;

/**
 * Where the tasks of a folder are, as paths relative to it. With a config in the folder: its `dirs`, else every folder
 * named "trigger", else the folder itself. Without one, or with one in the parent: the folder itself, for it was named.
 */
export async function findTaskFolders(
  root: string,
  configPath: string | undefined,
  settings: BuildSettings | undefined,
): Promise<string[]> {
  if (configPath === undefined || configPath.startsWith("../")) return [""];
  if (settings?.dirs !== undefined) return Promise.all(settings.dirs.map((dir) => checkFolder(root, dir, configPath)));
  const found = await foldersNamed(DEFAULT_NAME, root);
  return found.length === 0 ? [""] : found;
}

async function checkFolder(root: string, dir: string, configPath: string): Promise<string> {
  const relative = dir
    .replaceAll("\\", "/")
    .replace(/^(\.\/)+/, "")
    .replace(/\/+$/, "");
  const isFolder = await stat(join(root, relative)).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new BuildError(`${configPath} names "${dir}" in dirs, and there is no such folder`);
  return relative === "." ? "" : relative;
}

async function foldersNamed(name: string, root: string): Promise<string[]> {
  const found: string[] = [];
  let count = 0;
  const walk = async (relative: string): Promise<void> => {
    for (const entry of await readdir(join(root, relative), { withFileTypes: true })) {
      if (!entry.isDirectory() || isSkippedFolder(entry.name)) continue;
      count++;
      if (count > MAX_FOLDERS)
        throw new BuildError(
          `${root} has more than ${MAX_FOLDERS} folders: name those with tasks in the config's dirs`,
        );
      const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
      if (entry.name === name) found.push(path);
      else await walk(path);
    }
  };
  await walk("");
  return found.toSorted();
}
