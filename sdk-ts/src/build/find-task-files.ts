import { readdir } from "node:fs/promises";
import { join, matchesGlob } from "node:path";
import { BuildError } from "./build-error.ts";
import { isConfigFile } from "./find-config.ts";

const MAX_FILES = 10_000;
const SOURCE = /\.[cm]?[jt]sx?$/;
const NOT_A_TASK_FILE = /\.d\.[cm]?ts$|\.(test|spec)\.[cm]?[jt]sx?$/;
const INIT = /^init\.[cm]?[jt]s$/;
const SKIPPED_FOLDERS = new Set(["node_modules", "__tests__"]);

/** Folders in which nobody keeps tasks: node_modules, tests, and whatever begins with a dot. */
export function isSkippedFolder(name: string): boolean {
  return name.startsWith(".") || SKIPPED_FOLDERS.has(name);
}

/**
 * The files of the task folders, in the order in which they are loaded: the init.ts at the root of each folder first,
 * then all others by path. Paths are relative to `root`, with "/". Left out: tests, type declarations, configuration,
 * node_modules, whatever begins with a dot, and what an ignore pattern matches.
 */
export async function findTaskFiles(
  root: string,
  folders: readonly string[],
  ignorePatterns: readonly string[],
): Promise<string[]> {
  const inits = new Set<string>();
  const others = new Set<string>();
  for (const folder of folders) {
    for (const path of await sourceFilesIn(root, folder)) {
      if (ignorePatterns.some((pattern) => matchesGlob(path, pattern.replace(/^(\.\/)+/, "")))) continue;
      const isInit = INIT.test(folder === "" ? path : path.slice(folder.length + 1));
      (isInit ? inits : others).add(path);
    }
  }
  // A folder within another: its init.ts is found both as one and as none.
  const files = [...[...inits].toSorted(), ...[...others].filter((path) => !inits.has(path)).toSorted()];
  if (files.length === 0) throw new BuildError(`${root} has no .ts or .js file to take tasks from`);
  return files;
}

async function sourceFilesIn(root: string, folder: string): Promise<string[]> {
  const files: string[] = [];
  const walk = async (relative: string): Promise<void> => {
    for (const entry of await readdir(join(root, relative), { withFileTypes: true })) {
      const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory() && !isSkippedFolder(entry.name)) await walk(path);
      if (entry.isFile() && isTaskFile(entry.name)) files.push(path);
      if (files.length > MAX_FILES)
        throw new BuildError(`${join(root, folder)} has more than ${MAX_FILES} source files: is it a task folder?`);
    }
  };
  try {
    await walk(folder);
  } catch (error) {
    if (error instanceof BuildError) throw error;
    throw new BuildError(`the task folder ${join(root, folder)} cannot be read`, { cause: error });
  }
  return files;
}

function isTaskFile(name: string): boolean {
  return !name.startsWith(".") && SOURCE.test(name) && !NOT_A_TASK_FILE.test(name) && !isConfigFile(name);
}
