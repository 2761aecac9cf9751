import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { BuildError } from "./build-error.ts";

const CONFIG = /^(trigger|windlass)\.config\.[cm]?[jt]s$/;

export function isConfigFile(name: string): boolean {
  return CONFIG.test(name);
}

/**
 * The config of a task folder: the one in it, else the one in its parent, as a path relative to the folder. Undefined
 * when there is none. Throws BuildError when a folder has two.
 */
export async function findConfig(folder: string): Promise<string | undefined> {
  const inFolder = await configIn(folder);
  if (inFolder !== undefined) return inFolder;
  const parent = dirname(folder);
  const inParent = parent === folder ? undefined : await configIn(parent);
  return inParent === undefined ? undefined : `../${inParent}`;
}

async function configIn(folder: string): Promise<string | undefined> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    throw new BuildError(`the task folder ${folder} cannot be read`, { cause: error });
  }
  const [config, other] = names.filter(isConfigFile).toSorted();
  if (other !== undefined) throw new BuildError(`${folder} has two configs, ${config} and ${other}: keep one of them`);
  return config;
}
