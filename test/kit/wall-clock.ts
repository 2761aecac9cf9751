import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { localPaths, repositoryDirectory } from "@windlass/local";
import { createScratchDirectory } from "./scratch-directory.ts";

const run = promisify(execFile);
const FETCH_LIMIT_MS = 120_000;

/** The wall clock of processes, in a test's hands: libfaketime tells them a time that is so far from the true one. Their monotonic clocks stay true, as when a machine's clock is put right. */
export interface WallClock {
  /** The environment of a process that shall have this clock. */
  readonly env: Readonly<Record<string, string>>;
  /** Puts it this far from the true time, at once and for all its processes. */
  set(offsetSeconds: number): void;
  remove(): void;
}

/**
 * Makes a wall clock that shows the true time. libfaketime is the machine's, or one fetched earlier, or fetched now: the Debian package, unpacked without being installed.
 * @throws one line that says why it cannot be had: then a test is to be skipped with this reason, not silently.
 */
export async function createWallClock(): Promise<WallClock> {
  const library = await findLibrary(localPaths(repositoryDirectory).tools);
  const scratch = createScratchDirectory();
  // A copy, which PostgreSQL's user can read too.
  const copy = path.join(scratch.path, path.basename(library));
  copyFileSync(library, copy);
  const file = path.join(scratch.path, "offset");
  const set = (offsetSeconds: number): void => {
    const draft = `${file}.draft`;
    writeFileSync(draft, `${offsetSeconds < 0 ? "-" : "+"}${Math.abs(offsetSeconds)}\n`);
    renameSync(draft, file);
  };
  set(0);
  return {
    env: {
      LD_PRELOAD: copy,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
    set,
    remove: () => scratch.remove(),
  };
}

async function findLibrary(toolsDirectory: string): Promise<string> {
  const unpacked = path.join(toolsDirectory, "libfaketime-deb");
  const found = libraryIn("/") ?? libraryIn(unpacked);
  if (found !== undefined) return found;
  const part = `${unpacked}.${process.pid}`;
  mkdirSync(part, { recursive: true });
  try {
    const options = { cwd: part, timeout: FETCH_LIMIT_MS };
    await run("apt-get", ["download", "libfaketime"], options);
    const [file] = readdirSync(part).filter((name) => name.endsWith(".deb"));
    if (file === undefined) throw new Error("apt-get download brought no package");
    await run("dpkg-deb", ["-x", file, "."], options);
    rmSync(unpacked, { recursive: true, force: true });
    renameSync(part, unpacked);
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    const [line] = String(error instanceof Error ? error.message : error).split("\n");
    throw new Error(`libfaketime is not on this machine and cannot be fetched: ${line}`, { cause: error });
  }
  const library = libraryIn(unpacked);
  if (library === undefined) throw new Error("the package libfaketime has no libfaketime.so.1");
  return library;
}

function libraryIn(root: string): string | undefined {
  const libraries = path.join(root, "usr/lib");
  if (!existsSync(libraries)) return undefined;
  return readdirSync(libraries)
    .map((name) => path.join(libraries, name, "faketime/libfaketime.so.1"))
    .find((file) => existsSync(file));
}
