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
}

/**
 * The path of a nats-server program: on the machine already, or fetched by an earlier call, or fetched now, from the distribution's package (unpacked into the
 * tools folder, so that it needs no root and starts no system service), from brew, or from the official release with its checksum.
 * @throws one line with what was tried and why each failed.
 */
export async function findNatsServer(options: NatsBinaryOptions): Promise<string> {
  const found = findInstalled(options.toolsDirectory);
  if (found !== undefined) return found;

  mkdirSync(options.toolsDirectory, { recursive: true });
  const sources = [
    {
      name: "Debian package",
      fetch: () => unpackDebianPackage(options.toolsDirectory),
      possible: isOnPath("apt-get") && isOnPath("dpkg-deb"),
    },
    { name: "brew", fetch: () => installWithBrew(), possible: isOnPath("brew") },
    { name: "official release", fetch: () => fetchNatsRelease({ directory: options.toolsDirectory }), possible: true },
  ];
  const reasons: string[] = [];
  for (const source of sources.filter(({ possible }) => possible)) {
    options.onProgress?.(`Fetching nats-server (${source.name})`);
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

function findInstalled(toolsDirectory: string): string | undefined {
  const searched = [...(process.env["PATH"] ?? "").split(path.delimiter), "/usr/sbin", "/usr/local/sbin"].filter(
    (folder) => folder !== "",
  );
  const candidates = [
    ...searched.map((folder) => path.join(folder, "nats-server")),
    debianProgram(toolsDirectory),
    natsReleasePath(toolsDirectory),
  ];
  return candidates.find(isExecutable);
}

function debianProgram(toolsDirectory: string): string {
  return path.join(toolsDirectory, "nats-server-deb", "usr/sbin/nats-server");
}

async function unpackDebianPackage(toolsDirectory: string): Promise<string> {
  const part = path.join(toolsDirectory, "nats-server-deb.part");
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  const download = (): Promise<unknown> =>
    run("apt-get", ["download", "nats-server"], { cwd: part, timeout: commandLimitMs });
  try {
    await download();
  } catch (error) {
    if (process.getuid?.() !== 0) throw error;
    await run("apt-get", ["update", "-qq"], { timeout: commandLimitMs }); // a new machine has no package lists yet
    await download();
  }
  const [file] = readdirSync(part).filter((name) => name.endsWith(".deb"));
  if (file === undefined) throw new Error("apt-get download brought no package");
  await run("dpkg-deb", ["-x", file, "."], { cwd: part, timeout: commandLimitMs });
  rmSync(path.join(toolsDirectory, "nats-server-deb"), { recursive: true, force: true });
  renameSync(part, path.join(toolsDirectory, "nats-server-deb")); // complete or not there
  return requireExecutable(debianProgram(toolsDirectory));
}

async function installWithBrew(): Promise<string> {
  await run("brew", ["install", "--quiet", "nats-server"], { timeout: commandLimitMs });
  const { stdout } = await run("brew", ["--prefix", "nats-server"], { timeout: commandLimitMs });
  return requireExecutable(path.join(stdout.trim(), "bin/nats-server"));
}

function isOnPath(program: string): boolean {
  return (process.env["PATH"] ?? "")
    .split(path.delimiter)
    .some((folder) => folder !== "" && isExecutable(path.join(folder, program)));
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
