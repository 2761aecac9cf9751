import { readFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import type { Loader, Plugin } from "esbuild";

export const TASK_FILES_ENTRY = "windlass:task-files";

/** A file of the task folder that is to be loaded. */
export interface SourceFile {
  /** Relative to the task folder, with "/". */
  readonly path: string;
  readonly kind: "config" | "tasks";
}

/** How a file is called in a worker: a config may lie above the folder, which is nobody's business there. */
function nameOf({ path, kind }: SourceFile): string {
  return kind === "config" ? basename(path) : path;
}

/**
 * The entry point of the tasks: a list of the files, each with a function that loads it. So a file that throws spoils
 * no other, and can be named.
 */
export function taskFilesEntry(root: string, files: readonly SourceFile[]): Plugin {
  const items = files.map((file) => {
    const specifier = JSON.stringify(`./${file.path}`);
    const [path, kind] = [nameOf(file), file.kind].map((text) => JSON.stringify(text));
    return `{ path: ${path}, kind: ${kind}, load: () => import(${specifier}) }`;
  });
  const contents = `export const files = [\n${items.join(",\n")}\n];\n`;
  return {
    name: "windlass-task-files-entry",
    setup(build) {
      build.onResolve({ filter: /^windlass:task-files$/ }, ({ path }) => ({ path, namespace: "windlass" }));
      build.onLoad({ filter: /.*/, namespace: "windlass" }, () => ({ contents, loader: "js", resolveDir: root }));
    },
  };
}

const LOADERS: Readonly<Record<string, Loader>> = {
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
  ".jsx": "jsx",
  ".js": "js",
  ".mjs": "js",
  ".cjs": "js",
};

/** What {@link announceTaskFiles} puts before a file's first line. */
export const ANNOUNCEMENT =
  /^globalThis\[Symbol\.for\("windlass\.sdk\/1\/tasks"\)\]\?\.enterFile\("(?:[^"\\]|\\.)*"\);/;

/**
 * Makes every task file say its name before its own code runs (and after its imports have), so that each task knows its
 * file: however files import one another, and whether they export their tasks or not. On the first line, so that no
 * line number changes.
 */
export function announceTaskFiles(root: string, files: readonly SourceFile[]): Plugin {
  const names = new Map(files.map((file) => [join(root, file.path), nameOf(file)]));
  return {
    name: "windlass-announce-task-files",
    setup(build) {
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: "file" }, async ({ path }) => {
        const name = names.get(path);
        const loader = LOADERS[extname(path)];
        if (name === undefined || loader === undefined) return undefined;
        const source = await readFile(path, "utf8");
        const announcement = `globalThis[Symbol.for("windlass.sdk/1/tasks")]?.enterFile(${JSON.stringify(name)});`;
        return { contents: announcement + source.replace(/^\uFEFF/, "").replace(/^#!/, "//"), loader };
      });
    },
  };
}

/**
 * The names under which task files import this SDK. All mean the one copy in the runtime; what that does not export is
 * an error with its place, here and not in the worker.
 */
export function sdkFromRuntime(exports: readonly string[]): Plugin {
  const contents = `export { ${exports.join(", ")} } from "./runtime.mjs";\n`;
  return {
    name: "windlass-sdk-from-runtime",
    setup(build) {
      build.onResolve({ filter: /^@(windlass|trigger\.dev)\/sdk(\/v3)?$/ }, ({ path }) => ({
        path: path.replace(/\/v3$/, ""),
        namespace: "windlass-sdk",
      }));
      build.onResolve({ filter: /.*/, namespace: "windlass-sdk" }, ({ path }) => ({ path, external: true }));
      build.onLoad({ filter: /.*/, namespace: "windlass-sdk" }, () => ({ contents, loader: "js" }));
    },
  };
}
