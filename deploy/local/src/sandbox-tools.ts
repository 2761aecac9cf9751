import path from "node:path";
import { debianTools, unpackDebianPackages } from "./debian-package.ts";
import { failedCommandReason, findProgram, isExecutable } from "./find-program.ts";
import { writeStarter } from "./unpacked-program.ts";

/** Programs that sandboxes of workers are made with, and the packages that have each with what a small machine may lack of its libraries. */
const tools = [
  { program: "runc", packages: ["runc"], file: "usr/sbin/runc" },
  { program: "runsc", packages: ["runsc"], file: "usr/bin/runsc" },
  { program: "crun", packages: ["crun", "libyajl2"], file: "usr/bin/crun" },
  { program: "slirp4netns", packages: ["slirp4netns", "libslirp0"], file: "usr/bin/slirp4netns" },
  { program: "nft", packages: ["nftables", "libnftables1", "libnftnl11", "libjansson4"], file: "usr/sbin/nft" },
] as const;

export interface SandboxToolsOptions {
  /** Where to keep what has to be fetched. */
  readonly toolsDirectory: string;
  /** Hears of steps that take long. */
  readonly onProgress?: ((step: string) => void) | undefined;
  /** Where programs are looked for, written like PATH; PATH and the folders for system programs unless told. */
  readonly searchPath?: string;
}

/** What there is to make sandboxes with. */
export interface SandboxTools {
  /** Folders that PATH has to have for the programs to be found. */
  readonly folders: readonly string[];
  /** Why the others could not be fetched, one line each. */
  readonly missing: readonly string[];
}

/**
 * Finds the programs that sandboxes are made with: on the machine, fetched by an earlier call, or fetched now from the
 * distribution's packages, unpacked into the tools folder. What is missing is told and no failure: sandboxes are optional.
 */
export async function findSandboxTools(options: SandboxToolsOptions): Promise<SandboxTools> {
  const { toolsDirectory, onProgress, searchPath = `${process.env["PATH"]}:/usr/sbin:/usr/local/sbin` } = options;
  const binDirectory = path.join(toolsDirectory, "bin");
  const folders = new Set<string>();
  const missing: string[] = [];
  for (const { program, packages, file } of tools) {
    let found = findProgram(program, searchPath) ?? findProgram(program, binDirectory);
    if (found === undefined && debianTools.every((tool) => findProgram(tool, searchPath) !== undefined)) {
      onProgress?.(`fetching ${program} (Debian package)`);
      const directory = path.join(toolsDirectory, `${program}-deb`);
      try {
        if (!isExecutable(path.join(directory, file))) await unpackDebianPackages(packages, directory, searchPath);
        found = writeStarter({ program, file: path.join(directory, file), directory, binDirectory });
      } catch (error) {
        missing.push(`${program}: ${failedCommandReason(error)}`);
        continue;
      }
    }
    if (found === undefined) missing.push(`${program} is not installed, and there is no apt-get to fetch it with`);
    else folders.add(path.dirname(found));
  }
  return { folders: [...folders], missing };
}
