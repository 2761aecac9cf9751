import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { BundleSchema } from "@windlass/proto";
import { buildRuntime } from "./build-runtime.ts";
import { buildTasks } from "./build-tasks.ts";
import { BuildError } from "./build-error.ts";
import type { SourceFile } from "./build-plugins.ts";
import { esbuildSettings, externalPatterns } from "./esbuild-settings.ts";
import { findConfig } from "./find-config.ts";
import { findTaskFiles } from "./find-task-files.ts";
import { findTaskFolders } from "./find-task-folders.ts";
import { loadConfig } from "./load-config.ts";

const MAX_BUNDLE_BYTES = 64 * 1024 * 1024;
const ENTRY_POINT = "main.mjs";

/** A task folder made into something that a supervisor can start. */
export interface TaskBundle {
  /** An encoded windlass.v1.Bundle. */
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes, lower-case hexadecimal. */
  readonly hash: string;
}

/** A file of a bundle. */
export interface BundledFile {
  readonly path: string;
  readonly content: Uint8Array;
}

/**
 * Bundles a task folder, or a project with a config that says where its tasks are: the files with everything they
 * import, and the runtime that executes them. The same input gives the same bytes, wherever the folder is. Throws
 * BuildError with file, line and column when a file cannot be parsed or an import cannot be found, ImportError when the
 * config throws or cannot be honoured. Of what is bundled only the config is executed. `onFolders` is told where the
 * tasks are, as absolute paths, before any of them is read.
 */
export async function bundle(
  folder: string,
  onFolders: (folders: readonly string[]) => void = () => {},
): Promise<TaskBundle> {
  const root = await realPathOf(folder);
  const [runtime, tasks] = await Promise.all([buildRuntime(), bundleTasks(root, onFolders)]);
  const files = [{ path: ENTRY_POINT, content: Buffer.from(MAIN) }, ...runtime.files, ...tasks];
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const bytes = toBinary(BundleSchema, create(BundleSchema, { files, entryPoint: ENTRY_POINT, runtime: "node" }));
  if (bytes.length > MAX_BUNDLE_BYTES) {
    throw new BuildError(
      `the bundle of ${folder} has ${bytes.length.toLocaleString("en")} bytes; at most 64 MB are allowed`,
    );
  }
  return { bytes, hash: createHash("sha256").update(bytes).digest("hex") };
}

/** The bundler names files by their real paths, and so must we, to know them again. */
async function realPathOf(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (error) {
    throw new BuildError(`the task folder ${folder} cannot be read`, { cause: error });
  }
}

async function bundleTasks(root: string, onFolders: (folders: readonly string[]) => void): Promise<BundledFile[]> {
  const configPath = await findConfig(root);
  const settings = configPath === undefined ? undefined : await loadConfig(root, configPath);
  const folders = await findTaskFolders(root, configPath, settings);
  onFolders(folders.map((path) => join(root, path)));
  const paths = await findTaskFiles(root, folders, settings?.ignorePatterns ?? []);
  const taskFiles = paths.map((path): SourceFile => ({ path, kind: "tasks" }));
  if (configPath === undefined || settings === undefined) return buildTasks(root, taskFiles);
  return buildTasks(root, [{ path: configPath, kind: "config" }, ...taskFiles], {
    ...esbuildSettings(root, configPath, settings),
    plugins: [externalPatterns(settings)],
  });
}

/** The runtime is up, and connecting, before the first task file is loaded. */
const MAIN = `import { startWorker } from "./runtime.mjs";
await startWorker(async () => (await import("./tasks.mjs")).files);
`;
