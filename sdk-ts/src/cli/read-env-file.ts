import { readFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { parseEnv } from "node:util";
import { readBounded } from "./read-bounded.ts";
import { UsageError } from "./usage-error.ts";

/** The variables of a .env file. Throws UsageError when it cannot be read. */
export async function readEnvFile(flag: string, path: string): Promise<Record<string, string>> {
  try {
    return parseEnv(await readFile(path, "utf8")) as Record<string, string>;
  } catch (cause) {
    throw new UsageError(`${flag}: ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** The variables that standard input has in the form of a .env file. Throws UsageError when it has too much. */
export async function readEnvStream(stdin: Readable): Promise<Record<string, string>> {
  return parseEnv(await readBounded("standard input", stdin)) as Record<string, string>;
}
