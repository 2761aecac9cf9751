import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import type { Postgres } from "@windlass/chassis";
import { listProcesses } from "./processes.ts";

/** The columns of a database that have one of these texts somewhere, as "table.column"; bytes are looked through too. */
export async function columnsWith(database: Postgres, ...texts: readonly string[]): Promise<string[]> {
  const columns = await database.query<{ table: string; column: string }>(
    {
      name: "list_columns",
      text: `
SELECT table_name AS table, column_name AS column FROM information_schema.columns
WHERE table_schema = 'public' ORDER BY table_name, column_name`,
    },
    [],
  );
  // Bytes become hex as text.
  const wanted = texts.flatMap((text) => [text, Buffer.from(text).toString("hex")]);
  const found: string[] = [];
  for (const { table, column } of columns) {
    const look = `
SELECT EXISTS (
  SELECT FROM "${table}", unnest($1::text[]) AS wanted WHERE strpos("${column}"::text, wanted) > 0
) AS "isThere"`;
    const statement = { name: `look_${table}_${column}`.slice(0, 63), text: look };
    const [row] = await database.query<{ isThere: boolean }>(statement, [wanted]);
    if (row?.isThere === true) found.push(`${table}.${column}`);
  }
  return found;
}

/** The files in a folder, however deep, that have one of these texts somewhere. */
export async function filesWith(folder: string, ...texts: readonly string[]): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && (await fileHas(file, texts))) found.push(path.relative(folder, file));
  }
  return found;
}

/** Those of these processes that have one of these texts in their command line or in the environment they were started with, as "pid command". */
export function processesWith(pids: readonly number[], ...texts: readonly string[]): string[] {
  return listProcesses()
    .filter(({ pid, traces }) => pids.includes(pid) && texts.some((text) => traces.includes(text)))
    .map(({ pid, command }) => `${pid} ${command.slice(0, 80)}`);
}

async function fileHas(file: string, texts: readonly string[]): Promise<boolean> {
  const overlap = Math.max(...texts.map((text) => Buffer.byteLength(text))) - 1;
  let rest = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
      const bytes = Buffer.concat([rest, chunk]);
      if (texts.some((text) => bytes.includes(text))) return true;
      rest = bytes.subarray(Math.max(0, bytes.byteLength - overlap));
    }
  } catch (error) {
    // A file of a living database or worker may be gone by the time it is its turn.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  return false;
}
