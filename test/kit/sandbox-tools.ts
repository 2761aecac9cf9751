import path from "node:path";
import { findSandboxTools, localPaths, repositoryDirectory } from "@windlass/local";

/**
 * Puts what sandboxes are made with on the PATH, which whatever this process starts inherits; fetched where the machine lacks it.
 * Resolves with why something cannot be had here.
 */
export async function addSandboxTools(onProgress: (step: string) => void): Promise<readonly string[]> {
  const toolsDirectory = localPaths(repositoryDirectory).tools;
  const { folders, missing } = await findSandboxTools({ toolsDirectory, onProgress });
  process.env["PATH"] = [process.env["PATH"], ...folders].join(path.delimiter);
  return missing;
}
