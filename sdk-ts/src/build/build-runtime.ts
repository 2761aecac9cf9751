import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { BUILD_OPTIONS } from "./build-options.ts";
import type { BundledFile } from "./bundle.ts";

/** This SDK as a worker needs it. */
export interface Runtime {
  readonly files: readonly BundledFile[];
  /** What task files can import of it. */
  readonly exports: readonly string[];
}

let built: Promise<Runtime> | undefined;

/**
 * This SDK as a worker needs it: what tasks import, and what executes them. The same for every bundle, so it is built
 * once in a process.
 */
export function buildRuntime(): Promise<Runtime> {
  built ??= buildOnce();
  return built;
}

async function buildOnce(): Promise<Runtime> {
  const { outputFiles, metafile } = await build({
    ...BUILD_OPTIONS,
    absWorkingDir: fileURLToPath(new URL("..", import.meta.url)),
    entryPoints: [fileURLToPath(new URL("../worker/runtime.ts", import.meta.url))],
    outfile: "runtime.mjs",
    metafile: true,
  });
  return {
    files: outputFiles.map(({ contents }) => ({ path: "runtime.mjs", content: contents })),
    exports: Object.values(metafile.outputs).flatMap(({ exports }) => exports),
  };
}
