import { execFile } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { debianTools, unpackDebianPackages } from "./debian-package.ts";
import { failedCommandReason, findProgram, isExecutable } from "./find-program.ts";
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
      needs: debianTools,
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
      reasons.push(`${source.name}: ${failedCommandReason(error)}`);
    }
  }
  throw new Error(
    `nats-server is not installed and cannot be fetched; install it and try again (${reasons.join("; ")})`,
  );
}

function debianProgram(toolsDirectory: string): string {
  return path.join(toolsDirectory, "nats-server-deb", "usr/sbin/nats-server");
}

async function unpackDebianPackage(toolsDirectory: string, searchPath: string): Promise<string> {
  const directory = path.join(toolsDirectory, "nats-server-deb");
  rmSync(directory, { recursive: true, force: true });
  await unpackDebianPackages(["nats-server"], directory, searchPath);
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
