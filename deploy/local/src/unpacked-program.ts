import { chmodSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isExecutable } from "./find-program.ts";

/** A program of packages that are unpacked and not installed. */
export interface UnpackedProgram {
  readonly program: string;
  /** The program's file. */
  readonly file: string;
  /** What the packages were unpacked into. */
  readonly directory: string;
  /** Where the starter goes. */
  readonly binDirectory: string;
  /** What it is started with, besides the way to its libraries; values without a quote. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Writes a script that starts an unpacked program with the libraries that came with it.
 * @returns the script's path
 * @throws when the program's file is not there.
 */
export function writeStarter({ program, file, directory, binDirectory, environment = {} }: UnpackedProgram): string {
  if (!isExecutable(file)) throw new Error(`${file} is not in the package`);
  const folders = libraryFolders(directory).join(":");
  const settings = { ...(folders !== "" && { LD_LIBRARY_PATH: folders }), ...environment };
  const assignments = Object.entries(settings).map(([name, value]) => `${name}='${value}' `);
  mkdirSync(binDirectory, { recursive: true });
  const starter = path.join(binDirectory, program);
  const part = `${starter}.${process.pid}.part`;
  writeFileSync(part, `#!/bin/sh\n${assignments.join("")}exec '${file}' "$@"\n`);
  chmodSync(part, 0o755);
  renameSync(part, starter);
  return starter;
}

/** Debian keeps libraries in folders named after the machine, "x86_64-linux-gnu", and those of one program in a folder of its own within. */
function libraryFolders(directory: string): string[] {
  const machine = [path.join(directory, "usr/lib"), path.join(directory, "lib")].flatMap((folder) =>
    foldersIn(folder).filter((name) => name.endsWith("-gnu")),
  );
  const within = machine.flatMap((folder) => foldersIn(folder).filter((inner) => namesIn(inner).some(isLibrary)));
  return [...machine, ...within];
}

function isLibrary(name: string): boolean {
  return /^lib.*\.so(?:\.|$)/u.test(name);
}

function foldersIn(folder: string): string[] {
  return namesIn(folder).map((name) => path.join(folder, name));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}
