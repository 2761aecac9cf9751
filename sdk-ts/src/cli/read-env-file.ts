import { readFile } from "node:fs/promises";
import { parseEnv } from "node:util";
import { UsageError } from "./usage-error.ts";

/** The variables of a .env file. Throws UsageError when it cannot be read. */
export async function readEnvFile(flag: string, path: string): Promise<Record<string, string>> {
  try {
    return parseEnv(await readFile(path, "utf8")) as Record<string, string>;
  } catch (cause) {
    throw new UsageError(`${flag}: ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
