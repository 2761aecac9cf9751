import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { readBounded } from "./read-bounded.ts";
import { UsageError } from "./usage-error.ts";

/**
 * The value that --payload or --data names: JSON as it stands, "@file" for a file's, "-" for standard input's. Throws UsageError when it cannot be read, is no
 * JSON, or is larger than a payload may be.
 */
export async function readPayload(flag: string, source: string, stdin: Readable): Promise<unknown> {
  const [what, text] = await textOf(source, stdin);
  if (text.trim() === "") throw new UsageError(`${flag}: ${what} is empty; write null for no value`);
  try {
    return JSON.parse(text.replace(/^\uFEFF/, "")) as unknown;
  } catch (cause) {
    throw new UsageError(`${flag}: ${what} is not JSON: ${(cause as Error).message}`, { cause });
  }
}

async function textOf(source: string, stdin: Readable): Promise<[what: string, text: string]> {
  if (source === "-") return ["standard input", await readBounded("standard input", stdin)];
  if (!source.startsWith("@")) return ["the value", source];
  const path = source.slice(1);
  try {
    await using file = await open(path);
    return [path, await readBounded(path, file.createReadStream({ autoClose: false }))];
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
