import { once } from "node:events";
import { basename, dirname, relative, sep } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type FSWatcher, watch } from "chokidar";
import { isConfigFile } from "../../build/find-config.ts";

/** Editors save in several steps, and tools write many files: a burst is over after this much silence. */
const QUIET_MS = 100;
/** A folder that never falls silent is taken as it is after this long. */
const MAX_BURST_MS = 2_000;

/** Changed paths, relative to the folder, as they come. */
export interface FolderChanges extends AsyncGenerator<string[], void, undefined> {
  /** Watches these folders, too. */
  readonly include: (folders: readonly string[]) => void;
}

/**
 * Yields once when the folder is being watched, then the changed paths after every burst of changes; what changes while the last ones are being dealt with is
 * yielded together. A config in the folder above counts, too. Folders and files that no task is made of (node_modules, names that begin with a dot) do not. Ends
 * when the signal aborts, and lets go of the folder.
 */
export function folderChanges(folder: string, signal: AbortSignal): FolderChanges {
  const parent = dirname(folder);
  const folders = new Set([folder]);
  const isIgnored = (path: string): boolean => {
    if (path === parent || (dirname(path) === parent && isConfigFile(basename(path)))) return false;
    const below = Array.from(folders, (each) => relative(each, path).split(sep)).filter(([first]) => first !== "..");
    return !below.some((names) => !names.some((name) => name === "node_modules" || name.startsWith(".")));
  };
  const watcher = watch([folder, parent], { ignoreInitial: true, atomic: false, ignored: isIgnored });
  const include = (more: readonly string[]): void => {
    for (const each of more) {
      if (Array.from(folders).some((known) => relative(known, each).split(sep)[0] !== "..")) continue;
      folders.add(each);
      watcher.add(each);
    }
  };
  return Object.assign(changesOf(watcher, folder, signal), { include });
}

async function* changesOf(
  watcher: FSWatcher,
  folder: string,
  signal: AbortSignal,
): AsyncGenerator<string[], void, undefined> {
  const changed = new Set<string>();
  let changes = 0;
  let failure: unknown;
  let wake = (): void => {};
  const wakeUp = (): void => wake();
  watcher.on("all", (event, path) => {
    if (event !== "add" && event !== "change" && event !== "unlink") return;
    changed.add(relative(folder, path));
    changes += 1;
    wake();
  });
  watcher.on("error", (error) => {
    failure = error;
    wake();
  });
  signal.addEventListener("abort", wakeUp);
  try {
    await once(watcher, "ready", { signal });
    yield [];
    for (;;) {
      if (changed.size === 0 && failure === undefined && !signal.aborted) {
        await new Promise<void>((resolve) => (wake = resolve));
      }
      if (signal.aborted) return;
      if (failure !== undefined) throw failure;
      await burstOver(() => changes, signal);
      const paths = [...changed];
      changed.clear();
      yield paths;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", wakeUp);
    await watcher.close();
  }
}

/** Resolves when nothing has changed for a moment. Rejects when the signal aborts. */
async function burstOver(changes: () => number, signal: AbortSignal): Promise<void> {
  const endMs = performance.now() + MAX_BURST_MS;
  for (let before = -1; before !== changes() && performance.now() < endMs;) {
    before = changes();
    await delay(QUIET_MS, undefined, { signal });
  }
}
