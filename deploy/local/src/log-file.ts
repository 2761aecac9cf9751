import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync } from "node:fs";
import path from "node:path";

/** Runs `use` with a fresh log file's descriptor. What was there before is kept as `<file>.1`, and what was there before that is dropped. */
export function withLogFile<T>(file: string, use: (descriptor: number) => T): T {
  mkdirSync(path.dirname(file), { recursive: true });
  if (existsSync(file)) renameSync(file, `${file}.1`);
  const descriptor = openSync(file, "a", 0o644);
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** What a failed process said last, on one line of at most 300 characters: a JSON log record's message and error, else the line itself. Empty when it said nothing. */
export function lastWords(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return "";
  }
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const telling = lines.findLast((line) => /"level":"error"|error|fatal|panic/iu.test(line)) ?? lines.at(-1) ?? "";
  return messageOf(telling).slice(0, 300);
}

function messageOf(line: string): string {
  try {
    const record: unknown = JSON.parse(line);
    if (typeof record !== "object" || record === null) return line;
    const { msg, error } = record as { msg?: unknown; error?: unknown };
    const cause = typeof error === "object" && error !== null && "message" in error ? error.message : error;
    return [msg, cause].filter((part) => typeof part === "string").join(": ");
  } catch {
    return line.trim();
  }
}
