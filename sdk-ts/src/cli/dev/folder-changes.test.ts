import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createTaskFolder } from "../../testing/task-folder.ts";
import { folderChanges } from "./folder-changes.ts";

let project: Awaited<ReturnType<typeof createTaskFolder>>;
let folder: string;
let interrupt: AbortController;
let changes: ReturnType<typeof folderChanges>;

beforeEach(async () => {
  project = await createTaskFolder({ "tasks/a.ts": "1", "tasks/b.ts": "1", "more/d.ts": "1", "other/e.ts": "1" });
  folder = join(project.path, "tasks");
  interrupt = new AbortController();
  changes = folderChanges(folder, interrupt.signal);
});

afterEach(async () => {
  interrupt.abort();
  await changes.return();
  await project[Symbol.asyncDispose]();
});

const write = (name: string, content: string) => writeFile(join(folder, name), content);

/** Takes changes until these paths have been among them; a busy machine can make several bursts of one. */
async function taken(...paths: string[]): Promise<string[]> {
  const seen = new Set<string>();
  while (paths.some((path) => !seen.has(path))) {
    const { value, done } = await changes.next();
    if (done === true) throw new Error(`ended after ${[...seen].join(", ")}`);
    for (const path of value) seen.add(path);
  }
  return [...seen].toSorted();
}

it("yields once when the folder is watched, then what was added, changed and removed", async () => {
  expect((await changes.next()).value).toEqual([]);
  await Promise.all([write("a.ts", "2"), write("c.ts", "1"), rm(join(folder, "b.ts"))]);
  expect(await taken("a.ts", "b.ts", "c.ts")).toEqual(["a.ts", "b.ts", "c.ts"]);
});

it("yields what changed in a new folder", async () => {
  await changes.next();
  await mkdir(join(folder, "new"));
  await write("new/d.ts", "1");
  expect(await taken("new/d.ts")).toEqual(["new/d.ts"]);
});

it("passes over node_modules and names that begin with a dot", async () => {
  await changes.next();
  await mkdir(join(folder, "node_modules"));
  await write("node_modules/x.js", "1");
  await write(".hidden.ts", "1");
  await write("a.ts", "2");
  expect(await taken("a.ts")).toEqual(["a.ts"]);
});

it("yields a config in the folder above that is added, changed or removed, and nothing else from there", async () => {
  await changes.next();
  await write("../package.json", "{}");
  await write("../other/e.ts", "2");
  await write("../trigger.config.ts", "1");
  expect(await taken("../trigger.config.ts")).toEqual(["../trigger.config.ts"]);
  await write("../trigger.config.ts", "2");
  expect(await taken("../trigger.config.ts")).toEqual(["../trigger.config.ts"]);
  await rm(join(folder, "../trigger.config.ts"));
  expect(await taken("../trigger.config.ts")).toEqual(["../trigger.config.ts"]);
});

it("yields what changes in folders that were included, besides the others", async () => {
  await changes.next();
  changes.include([folder, join(folder, "../more")]);
  // Nobody says when a folder is being watched: until then changes are not seen.
  const told = taken("../more/d.ts");
  let isTold = false;
  void told.then(() => (isTold = true));
  await vi.waitFor(
    async () => {
      await write("../more/d.ts", String(performance.now()));
      expect(isTold).toBe(true);
    },
    { timeout: 10_000, interval: 500 },
  );
  expect(await told).toEqual(["../more/d.ts"]);
  await write("a.ts", "2");
  expect(await taken("a.ts")).toContain("a.ts");
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
