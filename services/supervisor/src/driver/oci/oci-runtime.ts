import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { SandboxTier } from "../driver.ts";
import type { CommandLine, WorkerNetwork } from "./worker-network.ts";

const run = promisify(execFile);
const versionLimitMs = 5_000;

/** A program that runs OCI containers. */
export type OciRuntimeName = Exclude<SandboxTier, "process">;

export interface OciRuntime {
  readonly name: OciRuntimeName;
  readonly path: string;
  /** As it says it itself. */
  readonly version: string;
}

/** Why workers cannot be started with a runtime on this machine. */
export class RuntimeUnavailable extends Error {
  override readonly name = "RuntimeUnavailable";
}

/** Programs a launch needs beside the runtime; they are part of util-linux. */
const helpers = ["setpriv", "unshare"];

/** The runtime at `path`, else the one found by its name; throws RuntimeUnavailable with what is missing. */
export async function findRuntime(name: OciRuntimeName, path: string | undefined): Promise<OciRuntime> {
  for (const helper of helpers) {
    if ((await findProgram(helper)) === undefined) throw new RuntimeUnavailable(`${helper} is not installed`);
  }
  const found = path ?? (await findProgram(name));
  if (found === undefined) throw new RuntimeUnavailable(`${name} is not installed (not found in PATH or /usr/sbin)`);
  const said = await run(found, ["--version"], { timeout: versionLimitMs }).catch((error: unknown) => {
    throw new RuntimeUnavailable(`${found} cannot be executed, ${(error as Error).message}`);
  });
  const version = new RegExp(`^${name} version (\\S+)`).exec(said.stdout)?.[1];
  if (version === undefined) throw new RuntimeUnavailable(`${found} is not ${name}: it does not say so to --version`);
  return { name, path: found, version };
}

/** Where the system keeps programs that are not everybody's is looked at, too: Debian has runc in there. */
export async function findProgram(name: string, searchPath = process.env["PATH"] ?? ""): Promise<string | undefined> {
  for (const folder of [...searchPath.split(delimiter), "/usr/local/sbin", "/usr/sbin", "/usr/bin", "/sbin"]) {
    const program = join(folder, name);
    if (folder !== "" && (await isExecutable(program))) return program;
  }
  return undefined;
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Runs the container of a bundle folder in the foreground, and exits as its first process does. */
export function runtimeCommand(
  { name, path }: OciRuntime,
  container: { readonly id: string; readonly stateDir: string; readonly bundleDir: string },
  network: WorkerNetwork["namespace"],
): CommandLine {
  const { id, stateDir, bundleDir } = container;
  switch (name) {
    case "runc":
      // --keep: the cgroup stays as the evidence of how it ended; we remove it.
      return [path, "--root", stateDir, "run", "--keep", "--bundle", bundleDir, id];
    case "crun":
      return [path, "--root", stateDir, "run", "--bundle", bundleDir, id];
    case "runsc":
      return [
        path,
        "--root",
        stateDir,
        "--host-uds=open",
        `--network=${network === "own" ? "none" : "host"}`,
        "run",
        "-bundle",
        bundleDir,
        id,
      ];
  }
}

/**
 * Wraps what runs a container so that nothing of it outlives this command or the supervisor: it is the first process of a pid
 * namespace that the kernel ends with it, also when it is killed; setpriv has the kernel kill it when the supervisor is gone.
 * Mounts made on the way are seen by nobody else.
 */
export function launchCommand(command: CommandLine): CommandLine {
  return [
    "setpriv",
    "--pdeathsig",
    "KILL",
    "unshare",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child=KILL",
    "--propagation",
    "private",
    "--mount-proc",
    ...command,
  ];
}
