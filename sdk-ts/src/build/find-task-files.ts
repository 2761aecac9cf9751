import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { BuildError } from "./build-error.ts";

const MAX_FILES = 10_000;
const SOURCE = /\.[cm]?[jt]sx?$/;
const NOT_A_TASK_FILE = /\.d\.[cm]?ts$|\.(test|spec)\.[cm]?[jt]sx?$/;
const CONFIG = /^(trigger|windlass)\.config\.[cm]?[jt]s$/;
const INIT = /^init\.[cm]?[jt]s$/;
const SKIPPED_FOLDERS = new Set(["node_modules", "__tests__"]);

/**
 * The files of a task folder, in the order in which they are loaded: init.ts at its root first, then all others by
 * path. Paths are relative, with "/". Left out: tests, type declarations, configuration, node_modules, and whatever
 * begins with a dot.
 */
export async function findTaskFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  const walk = async (relative: string): Promise<void> => {
    for (const entry of await readdir(join(folder, relative), { withFileTypes: true })) {
      const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name)) await walk(path);
      if (entry.isFile() && isTaskFile(path)) files.push(path);
      if (files.length > MAX_FILES)
        throw new BuildError(`${folder} has more than ${MAX_FILES} source files: is it a task folder?`);
    }
  };
  try {
    await walk("");
  } catch (error) {
    if (error instanceof BuildError) throw error;
    throw new BuildError(`the task folder ${folder} cannot be read`, { cause: error });
  }
  if (files.length === 0) throw new BuildError(`${folder} has no .ts or .js file to take tasks from`);
  return files.toSorted(byLoadOrder);
}

function isTaskFile(path: string): boolean {
  return SOURCE.test(path) && !NOT_A_TASK_FILE.test(path) && !CONFIG.test(path);
}

function byLoadOrder(a: string, b: string): number {
  if (INIT.test(a) !== INIT.test(b)) return INIT.test(a) ? -1 : 1;
  return a < b ? -1 : 1;
}
