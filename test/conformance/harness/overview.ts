import { deploy } from "@windlass/sdk/build";
import { repositoryDirectory } from "@windlass/local";
import path from "node:path";

/** Where the snippets of the overview are, a folder of test/seed. */
export function overviewFolder(name: string): string {
  return path.join(repositoryDirectory, "test/seed", name);
}

/** Makes a folder of snippets the environment's current version. */
export async function deployOverview(name: string): Promise<void> {
  await deploy(overviewFolder(name));
}
