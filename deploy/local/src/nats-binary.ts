import { execFile } from "node:child_process";
import { accessSync, constants, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { fetchNatsRelease, natsReleasePath } from "./nats-release.ts";

const run = promisify(execFile);
const commandLimitMs = 300_000;

/** How to find nats-server. */
export interface NatsBinaryOptions {
  /** Where to keep what has to be fetched. */
  readonly toolsDirectory: string;
  /** Hears of steps that take long. */
  readonly onProgress?: ((step: string) => void) | undefined;
  /** Where programs are looked for, written like PATH; PATH and the folders for system programs unless told. */
  readonly searchPath?: string;
}

/**
 * The path of a nats-server program: on the machine already, or fetched by an earlier call, or fetched now, from the distribution's package (unpacked into the
 * tools folder, so that it needs no root and starts no system service), from brew, or from the official release with its checksum.
 * @throws one line with what was tried and why each failed.
 */
export async function findNatsServer(options: NatsBinaryOptions): Promise<string> {
  const { toolsDirectory, onProgress, searchPath = `${process.env["PATH"]}:/usr/sbin:/usr/local/sbin` } = options;
  const fetched = [debianProgram(toolsDirectory), natsReleasePath(toolsDirectory)];
  const found = findProgram("nats-server", searchPath) ?? fetched.find(isExecutable);
  if (found !== undefined) return found;

  mkdirSync(toolsDirectory, { recursive: true });
  const sources = [
    {
      name: "Debian package",
      needs: ["apt-get", "dpkg-deb"],
      fetch: () => unpackDebianPackage(toolsDirectory, searchPath),
    },
    { name: "brew", needs: ["brew"], fetch: () => installWithBrew(searchPath) },
    { name: "official release", needs: [], fetch: () => fetchNatsRelease({ directory: toolsDirectory }) },
  ];
  const reasons: string[] = [];
  for (const source of sources) {
    if (!source.needs.every((program) => findProgram(program, searchPath))) continue;
    onProgress?.(`fetching nats-server (${source.name})`);
    try {
      return await source.fetch();
    } catch (error) {
      reasons.push(`${source.name}: ${firstLine(error)}`);
    }
  }
  throw new Error(
    `nats-server is not installed and cannot be fetched; install it and try again (${reasons.join("; ")})`,
  );
}

function findProgram(name: string, searchPath: string): string | undefined {
  const folders = searchPath.split(path.delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => path.join(folder, name)).find(isExecutable);
}

function debianProgram(toolsDirectory: string): string {
  return path.join(toolsDirectory, "nats-server-deb", "usr/sbin/nats-server");
}

async function unpackDebianPackage(toolsDirectory: string, searchPath: string): Promise<string> {
  const part = path.join(toolsDirectory, "nats-server-deb.part");
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  const options = { cwd: part, timeout: commandLimitMs, env: { ...process.env, PATH: searchPath } };
  try {
    await run("apt-get", ["download", "nats-server"], options);
  } catch (error) {
    if (process.getuid?.() !== 0) throw error;
    await run("apt-get", ["update", "-qq"], options); // a new machine has no package lists yet
    await run("apt-get", ["download", "nats-server"], options);
  }
  const [file] = readdirSync(part).filter((name) => name.endsWith(".deb"));
  if (file === undefined) throw new Error("apt-get download brought no package");
  await run("dpkg-deb", ["-x", file, "."], options);
  const complete = path.join(toolsDirectory, "nats-server-deb");
  rmSync(complete, { recursive: true, force: true });
  renameSync(part, complete);
  return requireExecutable(debianProgram(toolsDirectory));
}

async function installWithBrew(searchPath: string): Promise<string> {
  const options = { timeout: commandLimitMs, env: { ...process.env, PATH: searchPath } };
  await run("brew", ["install", "--quiet", "nats-server"], options);
  const { stdout } = await run("brew", ["--prefix", "nats-server"], options);
  return requireExecutable(path.join(stdout.trim(), "bin/nats-server"));
}

function requireExecutable(file: string): string {
  if (!isExecutable(file)) throw new Error(`${file} is missing after the installation`);
  return file;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first telling line of a failed command. */
function firstLine(error: unknown): string {
  const text =
    error instanceof Error && "stderr" in error && error.stderr !== ""
      ? String(error.stderr)
      : String(error instanceof Error ? error.message : error);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.find((line) => line.startsWith("E:")) ?? lines[0] ?? "no reason given";
}
