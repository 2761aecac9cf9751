import { extname } from "node:path";
import { build, type BuildFailure, type BuildOptions, type Location } from "esbuild";
import { buildRuntime } from "./build-runtime.ts";
import { BuildError } from "./build-error.ts";
import { BUILD_OPTIONS } from "./build-options.ts";
import {
  ANNOUNCEMENT,
  announceTaskFiles,
  sdkFromRuntime,
  type SourceFile,
  TASK_FILES_ENTRY,
  taskFilesEntry,
} from "./build-plugins.ts";
import type { BundledFile } from "./bundle.ts";

/**
 * The files with everything they import but this SDK, which is the runtime's. `settings` are put over the bundler's own;
 * their plugins come after those that make a bundle what it is. Throws BuildError.
 */
export async function buildTasks(
  root: string,
  files: readonly SourceFile[],
  { plugins = [], ...settings }: BuildOptions = {},
): Promise<BundledFile[]> {
  const { exports } = await buildRuntime();
  try {
    const { outputFiles } = await build({
      ...BUILD_OPTIONS,
      ...settings,
      absWorkingDir: root,
      entryPoints: [TASK_FILES_ENTRY],
      outfile: "tasks.mjs",
      write: false,
      sourcemap: "linked",
      sourcesContent: false,
      plugins: [taskFilesEntry(root, files), announceTaskFiles(root, files), sdkFromRuntime(exports), ...plugins],
    });
    return outputFiles.map(({ path, contents, text }) =>
      extname(path) === ".map"
        ? { path: "tasks.mjs.map", content: Buffer.from(withoutForeignFolders(text)) }
        : { path: "tasks.mjs", content: contents },
    );
  } catch (error) {
    throw new BuildError(describeFailure(error), { cause: error });
  }
}

/** A source outside of the task folder is named by its path from where the folders part, so that the map says nothing about the machine. */
function withoutForeignFolders(map: string): string {
  const parsed = JSON.parse(map) as { sources: string[] };
  return JSON.stringify({ ...parsed, sources: parsed.sources.map((source) => source.replace(/^(\.\.\/)+/, "")) });
}

const MAX_MESSAGES = 10;

function describeFailure(error: unknown): string {
  const { errors } = error as Partial<BuildFailure>;
  if (errors === undefined) return error instanceof Error ? error.message : String(error);
  const lines = errors
    .slice(0, MAX_MESSAGES)
    .map(({ location, text }) =>
      (location === null ? text : `${placeOf(location)}: ${text}`).replaceAll('"windlass-sdk:', '"'),
    );
  if (errors.length > MAX_MESSAGES) lines.push(`and ${errors.length - MAX_MESSAGES} more`);
  return lines.join("\n");
}

/** By the lines and columns that the author sees: without what was put before his first line. */
function placeOf({ file, line, column, lineText }: Location): string {
  const added = ANNOUNCEMENT.exec(lineText)?.[0].length ?? 0;
  return `${file}:${line}:${column + 1 - added}`;
}
