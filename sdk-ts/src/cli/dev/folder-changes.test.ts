import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createTaskFolder } from "../../testing/task-folder.ts";
import { folderChanges } from "./folder-changes.ts";

let folder: Awaited<ReturnType<typeof createTaskFolder>>;
let interrupt: AbortController;
let changes: ReturnType<typeof folderChanges>;

beforeEach(async () => {
  folder = await createTaskFolder({ "a.ts": "1", "b.ts": "1" });
  interrupt = new AbortController();
  changes = folderChanges(folder.path, interrupt.signal);
});

afterEach(async () => {
  interrupt.abort();
  await changes.return();
  await folder[Symbol.asyncDispose]();
});

const write = (name: string, content: string) => writeFile(join(folder.path, name), content);

/** Takes changes until these paths have been among them; a busy machine can make several bursts of one. */
async function taken(...paths: string[]): Promise<string[]> {
  const seen = new Set<string>();
  while (paths.some((path) => !seen.has(path))) for (const path of (await changes.next()).value ?? []) seen.add(path);
  return [...seen].toSorted();
}

it("yields once when the folder is watched, then what was added, changed and removed", async () => {
  expect((await changes.next()).value).toEqual([]);
  await Promise.all([write("a.ts", "2"), write("c.ts", "1"), rm(join(folder.path, "b.ts"))]);
  expect(await taken("a.ts", "b.ts", "c.ts")).toEqual(["a.ts", "b.ts", "c.ts"]);
});

it("yields what changed in a new folder", async () => {
  await changes.next();
  await mkdir(join(folder.path, "new"));
  await write("new/d.ts", "1");
  expect(await taken("new/d.ts")).toEqual(["new/d.ts"]);
});

it("passes over node_modules and names that begin with a dot", async () => {
  await changes.next();
  await mkdir(join(folder.path, "node_modules"));
  await write("node_modules/x.js", "1");
  await write(".hidden.ts", "1");
  await write("a.ts", "2");
  expect(await taken("a.ts")).toEqual(["a.ts"]);
});

it("ends when its signal aborts, also while it waits", async () => {
  await changes.next();
  const waiting = changes.next();
  interrupt.abort();
  expect(await waiting).toEqual({ done: true, value: undefined });
});

it("ends when its signal had aborted before it began", async () => {
  interrupt.abort();
  expect(await changes.next()).toEqual({ done: true, value: undefined });
});
