import { accessSync, constants } from "node:fs";
import path from "node:path";

/** The first executable file of that name in the folders, which are written like PATH. */
export function findProgram(name: string, searchPath: string): string | undefined {
  const folders = searchPath.split(path.delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => path.join(folder, name)).find(isExecutable);
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first telling line of a failed command. */
export function failedCommandReason(error: unknown): string {
  const text =
    error instanceof Error && "stderr" in error && error.stderr !== ""
      ? String(error.stderr)
      : String(error instanceof Error ? error.message : error);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.find((line) => line.startsWith("E:")) ?? lines[0] ?? "no reason given";
}
