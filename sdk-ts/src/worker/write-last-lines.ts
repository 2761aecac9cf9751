import { writeSync } from "node:fs";

const STDERR = 2;
/** A pipe takes as much at once, and the supervisor keeps no more. */
const MAX_BYTES = 64 * 1024;

/** Writes lines, the last ones if they are too many, to the process's own output: at once, for a process that is ending. */
export function writeLastLines(lines: readonly string[]): void {
  if (lines.length === 0) return;
  const bytes = Buffer.from(`${lines.join("\n")}\n`);
  try {
    writeSync(STDERR, bytes.subarray(Math.max(0, bytes.length - MAX_BYTES)));
  } catch {
    // Nobody reads it, or not fast enough; the process ends all the same.
  }
}
