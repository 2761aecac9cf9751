import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { BundleSchema } from "@windlass/proto";
import { buildRuntime } from "./build-runtime.ts";
import { buildTasks } from "./build-tasks.ts";
import { BuildError } from "./build-error.ts";
import { findTaskFiles } from "./find-task-files.ts";

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
 * Bundles a task folder: its files with everything they import, and the runtime that executes them. The same input
 * gives the same bytes, wherever the folder is. Throws BuildError with file, line and column when a file cannot be
 * parsed or an import cannot be found. Nothing of the tasks is executed.
 */
export async function bundle(folder: string): Promise<TaskBundle> {
  const root = resolve(folder);
  const taskFiles = await findTaskFiles(root);
  const [runtime, tasks] = await Promise.all([buildRuntime(), buildTasks(root, taskFiles)]);
  const files = [{ path: ENTRY_POINT, content: Buffer.from(MAIN) }, ...runtime, ...tasks];
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const bytes = toBinary(BundleSchema, create(BundleSchema, { files, entryPoint: ENTRY_POINT, runtime: "node" }));
  if (bytes.length > MAX_BUNDLE_BYTES) {
    throw new BuildError(
      `the bundle of ${folder} has ${bytes.length.toLocaleString("en")} bytes; at most 64 MB are allowed`,
    );
  }
  return { bytes, hash: createHash("sha256").update(bytes).digest("hex") };
}

/** The runtime is up, and connecting, before the first task file is loaded. */
const MAIN = `import { startWorker } from "./runtime.mjs";
await startWorker(async () => (await import("./tasks.mjs")).files);
`;
