import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { findProgram } from "@windlass/local";

const run = promisify(execFile);
const names = ["chromium", "chromium-browser", "google-chrome"];
const installLimitMs = 300_000;

/** The browser's program, or why there is none. */
export type FoundChromium =
  | { readonly program: string; readonly missing?: never }
  | { readonly program?: never; readonly missing: string };

/** Finds Chromium on the PATH; on a Debian where it may, it installs the distribution's. */
export async function findChromium(): Promise<FoundChromium> {
  const searchPath = process.env["PATH"] ?? "";
  const find = (): string | undefined => names.map((name) => findProgram(name, searchPath)).find(Boolean);
  const found = find();
  if (found !== undefined) return { program: found };
  if (process.getuid?.() !== 0 || findProgram("apt-get", searchPath) === undefined)
    return { missing: "chromium is not on the PATH, and cannot be installed by this user" };
  try {
    const packages = ["chromium", "fonts-dejavu-core"];
    const options = { timeout: installLimitMs, env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
    await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], options);
  } catch (error) {
    return { missing: `apt-get could not install chromium: ${String(error).split("\n")[0]}` };
  }
  const installed = find();
  return installed === undefined ? { missing: "apt-get installed no chromium" } : { program: installed };
}
