import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { BUILD_OPTIONS } from "./build-options.ts";
import type { BundledFile } from "./bundle.ts";

let built: Promise<BundledFile[]> | undefined;

/**
 * This SDK as a worker needs it: what tasks import, and what executes them. The same for every bundle, so it is built
 * once in a process.
 */
export function buildRuntime(): Promise<BundledFile[]> {
  built ??= buildOnce();
  return built;
}

async function buildOnce(): Promise<BundledFile[]> {
  const { outputFiles } = await build({
    ...BUILD_OPTIONS,
    absWorkingDir: fileURLToPath(new URL("..", import.meta.url)),
    entryPoints: [fileURLToPath(new URL("../worker/runtime.ts", import.meta.url))],
    outfile: "runtime.mjs",
  });
  return outputFiles.map(({ contents }) => ({ path: "runtime.mjs", content: contents }));
}
