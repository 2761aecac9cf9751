import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { findConfig } from "../build/find-config.ts";
import { UsageError } from "./usage-error.ts";

/** Where tasks are kept when nobody says otherwise: the first of these that exists. */
const USUAL_FOLDERS = ["trigger", "src/trigger", "tasks"];

/**
 * The task folder that --dir names; without it this folder when it has a config, which says where its tasks are, else the usual one. Throws UsageError when
 * there is none.
 */
export async function findTaskFolder(dir: string | undefined): Promise<string> {
  if (dir !== undefined) {
    if (await isFolder(dir)) return resolve(dir);
    throw new UsageError(`--dir: there is no folder ${resolve(dir)}`);
  }
  const config = await findConfig(resolve("."));
  if (config !== undefined && !config.startsWith("../")) return resolve(".");
  for (const folder of USUAL_FOLDERS) {
    if (await isFolder(folder)) return resolve(folder);
  }
  throw new UsageError(
    `there is neither a config nor a task folder here (${USUAL_FOLDERS.join(", ")}); name it with --dir, or begin with "windlass init"`,
  );
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}
