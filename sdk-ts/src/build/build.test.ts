import { createHash } from "node:crypto";
import { readdir, symlink } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { fromBinary, toJson } from "@bufbuild/protobuf";
import { BundleSchema, TaskDefinitionSchema } from "@windlass/proto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createTaskFolder } from "../testing/task-folder.ts";
import { BuildError, bundle, ImportError, index } from "./index.ts";

const sdk = 'import { task, tasks } from "@windlass/sdk";\n';

afterEach(() => vi.unstubAllEnvs());

async function indexFolder(files: Record<string, string>, options?: Parameters<typeof index>[1]) {
  await using folder = await createTaskFolder(files);
  return await index(await bundle(folder.path), options);
}

describe("bundling", () => {
  it("gives the same bytes for the same files, wherever they are", async () => {
    const files = {
      "a.ts": `${sdk}export const a = task({ id: "a", run: async () => {} });`,
      "lib/b.ts": "export const b = 1;",
    };
    await using first = await createTaskFolder(files);
    await using second = await createTaskFolder(files);
    const [one, two] = [await bundle(first.path), await bundle(second.path)];
    expect(one.hash).toBe(two.hash);
    expect(one.hash).toBe(createHash("sha256").update(one.bytes).digest("hex"));
    for (const { content } of fromBinary(BundleSchema, one.bytes).files) {
      const text = Buffer.from(content).toString();
      expect(text).not.toContain(first.path);
      expect(text).not.toContain(fileURLToPath(new URL("../../..", import.meta.url)));
    }
  });

  it("holds an entry point, the runtime, the tasks and their map, ordered by path", async () => {
    await using folder = await createTaskFolder({ "a.ts": `${sdk}task({ id: "a", run: async () => {} });` });
    const { files, entryPoint, runtime } = fromBinary(BundleSchema, (await bundle(folder.path)).bytes);
    expect(files.map(({ path }) => path)).toEqual(["main.mjs", "runtime.mjs", "tasks.mjs", "tasks.mjs.map"]);
    expect([entryPoint, runtime]).toEqual(["main.mjs", "node"]);
  });

  it.each([
    { what: "a syntax error", source: "export const a = ;", message: /^a\.ts:1:18: Unexpected ";"/ },
    {
      what: "an import that does not exist",
      source: '\nimport "./gone.ts";',
      message: /a\.ts:2:8: Could not resolve "\.\/gone\.ts"/,
    },
    {
      what: "something that the SDK does not have",
      source: 'import { gone } from "@trigger.dev/sdk/v3";\nconsole.log(gone);',
      message: /^a\.ts:1:10: No matching export in "@trigger\.dev\/sdk" for import "gone"/,
    },
  ])("names file, line and column of $what", async ({ source, message }) => {
    await using folder = await createTaskFolder({ "a.ts": source });
    await expect(bundle(folder.path)).rejects.toThrow(message);
    await expect(bundle(folder.path)).rejects.toBeInstanceOf(BuildError);
  });

  it.each([
    { what: "does not exist", path: "/nowhere/at/all" },
    { what: "is a file", path: fileURLToPath(import.meta.url) },
  ])("refuses a folder that $what", async ({ path }) => {
    await expect(bundle(path)).rejects.toThrow(`the task folder ${path} cannot be read`);
  });

  it("refuses a folder without source files", async () => {
    await using folder = await createTaskFolder({ "README.md": "nothing", "a.test.ts": "", "types.d.ts": "" });
    await expect(bundle(folder.path)).rejects.toThrow("no .ts or .js file");
  });
});

describe("indexing", () => {
  it("finds tasks in nested files of every kind, exported or not, each with its file", async () => {
    const tasks = await indexFolder({
      "a.ts": `#!/usr/bin/env node\n${sdk}import { shared } from "./nested/deep/b.mts";\nexport const a = task({ id: "a" + shared.id, run: async () => {} });`,
      "nested/deep/b.mts": `import { task } from "@trigger.dev/sdk";\nexport const shared = task({ id: "b", run: async () => {} });`,
      "c.js": `import { task } from "@trigger.dev/sdk/v3";\nexport default task({ id: "c", run: async () => {} });`,
      "d.cjs": `const { task } = require("@windlass/sdk");\nmodule.exports.d = task({ id: "d", run: async () => {} });`,
      "e.tsx": `${sdk}task({ id: "e", run: async () => {} });`,
      "a.test.ts": "throw new Error('a test is not a task file');",
      "nested/__tests__/x.ts": "throw new Error('a test is not a task file');",
      "node_modules/dep/index.js": "throw new Error('not a task file');",
      ".hidden/x.ts": "throw new Error('not a task file');",
      "types.d.ts": "declare const x: number;",
    });
    expect(tasks.map(({ id, filePath, exportName }) => [id, filePath, exportName])).toEqual([
      ["b", "nested/deep/b.mts", "shared"],
      ["ab", "a.ts", "a"],
      ["c", "c.js", "default"],
      ["d", "d.cjs", "d"],
      ["e", "e.tsx", ""],
    ]);
  });

  it("learns everything that a deployment tells of a task", async () => {
    const tasks = await indexFolder({
      "lib/a.ts": `${sdk}import { queue } from "@windlass/sdk";
        export const emails = queue({ name: "emails", concurrencyLimit: 3 });
        export const sendMail = task({
          id: "a", description: "Sends", queue: emails, machine: "medium-2x", maxDuration: 60,
          retry: { maxAttempts: 2, factor: 1.5, minTimeoutInMs: 10, maxTimeoutInMs: 20, randomize: false, outOfMemory: { machine: "large-1x" } },
          run: async () => {},
        });
        export const limited = task({ id: "b", queue: { concurrencyLimit: 1 }, run: async () => {} });`,
    });
    expect(tasks.map((task) => toJson(TaskDefinitionSchema, task))).toEqual([
      {
        id: "a",
        filePath: "lib/a.ts",
        exportName: "sendMail",
        description: "Sends",
        queue: "emails",
        queueConcurrencyLimit: 3,
        machine: "medium-2x",
        maxDurationSeconds: 60,
        retry: { maxAttempts: 2, factor: 1.5, minTimeoutMs: "10", maxTimeoutMs: "20", outOfMemoryMachine: "large-1x" },
      },
      {
        id: "b",
        filePath: "lib/a.ts",
        exportName: "limited",
        queueConcurrencyLimit: 1,
        retry: { maxAttempts: 3, factor: 2, minTimeoutMs: "1000", maxTimeoutMs: "60000", randomize: true },
      },
    ]);
  });

  it("loads init.ts before everything else", async () => {
    const tasks = await indexFolder({
      "a.ts": `${sdk}task({ id: globalThis.fromInit, run: async () => {} });`,
      "init.ts": "globalThis.fromInit = 'set by init';",
    });
    expect(tasks.map(({ id }) => id)).toEqual(["set by init"]);
  });

  it("knows the files of a folder that is reached through a link", async () => {
    await using folder = await createTaskFolder({ "real/a.ts": `${sdk}task({ id: "a", run: async () => {} });` });
    await symlink(`${folder.path}/real`, `${folder.path}/link`);
    expect(await index(await bundle(`${folder.path}/link`))).toMatchObject([{ id: "a", filePath: "a.ts" }]);
  });

  it("tells what payloads look like, and remarks where that cannot be told", async () => {
    const schema = '{ "~standard": { version: 1, vendor: "own", validate: (value) => ({ value }) } }';
    const remarks: string[] = [];
    const tasks = await indexFolder(
      {
        "a.ts": `import { schemaTask, task } from "@windlass/sdk";
          const run = async () => {};
          export const told = task({ id: "told", jsonSchema: { type: "string" }, run });
          export const checked = schemaTask({ id: "checked", schema: ${schema}, run });`,
      },
      { onRemark: (remark) => remarks.push(remark) },
    );
    expect(tasks.map(({ id, payloadSchemaJson }) => [id, payloadSchemaJson])).toEqual([
      ["told", '{"type":"string"}'],
      ["checked", ""],
    ]);
    expect(remarks).toEqual([expect.stringMatching(/^task "checked": its payload is not described \(own has no/u)]);
  });

  it("gives task files Node's own modules, require, and top-level await", async () => {
    const tasks = await indexFolder({
      "a.ts": `${sdk}
        import { readFile } from "node:fs/promises";
        import path from "path";
        import { createRequire } from "node:module";
        const require = createRequire(import.meta.url);
        const __dirname = path.dirname(new URL(import.meta.url).pathname);
        const id = await readFile(path.join(__dirname, "main.mjs"), "utf8").then((text) => text.includes("startWorker"));
        task({ id: String(id) + require("node:os").EOL.length, run: async () => {} });`,
    });
    expect(tasks.map(({ id }) => id)).toEqual(["true1"]);
  });

  it("gives task files only the environment variables it is told to", async () => {
    const source = `${sdk}task({ id: Object.keys(process.env).sort().join(" "), run: async () => {} });`;
    const tasks = await indexFolder({ "a.ts": source }, { env: { MY_KEY: "x" } });
    expect(tasks.map(({ id }) => id)).toEqual(["HOME MY_KEY PATH TMPDIR"]);
  });

  it.each([
    { what: "throws", source: "\n\nthrow new Error('boom');", message: "a.ts: boom", frame: "a.ts:3:" },
    { what: "rejects", source: "await Promise.reject(new Error('boom'));", message: "a.ts: boom", frame: "a.ts:1:" },
    { what: "throws nothing", source: "throw undefined;", message: "a.ts: undefined was thrown", frame: "" },
    {
      what: "defines a task with an option that does not exist",
      source: `${sdk}task({ id: "a", retries: 3, run: async () => {} });`,
      message: 'a.ts: "retries" is not an option of the task "a"',
      frame: "a.ts:2:",
    },
    {
      what: "defines a task with a value out of range",
      source: `${sdk}task({ id: "a", retry: { maxAttempts: 101 }, run: async () => {} });`,
      message: 'a.ts: retry.maxAttempts of task "a" must be a whole number from 1 to 100',
      frame: "a.ts:2:",
    },
  ])("names a file that $what, with the place", async ({ source, message, frame }) => {
    const failing = indexFolder({ "a.ts": source, "b.ts": `${sdk}task({ id: "b", run: async () => {} });` });
    await expect(failing).rejects.toBeInstanceOf(ImportError);
    const error = await failing.catch((error: unknown) => error as ImportError);
    expect((error as ImportError).error.message).toContain(message);
    expect((error as ImportError).error.stack).toContain(frame);
  });

  it("names a bundle whose own imports cannot be linked", async () => {
    await expect(indexFolder({ "a.ts": 'import { gone } from "node:fs";\nconsole.log(gone);' })).rejects.toThrow(
      /the bundle: .*gone/,
    );
  });

  it("learns the limits of its queue, and its schedule", async () => {
    const tasks = await indexFolder({
      "a.ts": `import { queue, schedules } from "@windlass/sdk";
        const calls = queue({ name: "calls", rateLimit: { limit: 10, period: "1m", perKey: true }, maxLength: 100 });
        schedules.task({ id: "a", queue: calls, cron: { pattern: "0 9 * * *", timezone: "Europe/Berlin" }, run: async () => {} });
        schedules.task({ id: "b", queue: { name: "calls" }, run: async () => {} });`,
    });
    const limits = {
      queue: "calls",
      queueRateLimit: { limit: 10, period: "60s", isPerKey: true },
      queueMaxLength: 100,
      isScheduled: true,
    };
    expect(tasks.map((task) => toJson(TaskDefinitionSchema, task))).toMatchObject([
      { id: "a", ...limits, cron: { expression: "0 9 * * *", timezone: "Europe/Berlin" } },
      { id: "b", ...limits },
    ]);
    expect(tasks[1]?.cron).toBeUndefined();
  });

  it("refuses a schedule that is none, naming file and task", async () => {
    const source = `import { schedules } from "@windlass/sdk";\nschedules.task({ id: "a", cron: "often", run: async () => {} });`;
    await expect(indexFolder({ "a.ts": source })).rejects.toThrow('a.ts: cron of task "a" must be a cron expression');
  });

  it("names what throws beside the loading", async () => {
    const source = `${sdk}setImmediate(() => { throw new Error("beside"); });\nawait new Promise((done) => setImmediate(() => setImmediate(done)));`;
    await expect(indexFolder({ "a.ts": source })).rejects.toThrow("the bundle: beside");
  });

  it("names both files of two tasks with one id", async () => {
    const source = `${sdk}export const t = task({ id: "same", run: async () => {} });`;
    await expect(indexFolder({ "a.ts": source, "lib/b.ts": source })).rejects.toThrow(
      'lib/b.ts: two tasks have the id "same": one in a.ts, another in lib/b.ts.',
    );
  });

  it("gives a queue's limit to all tasks that share it, and refuses two limits, naming both tasks", async () => {
    const shares = (id: string, queue: string): string =>
      `${sdk}task({ id: "${id}", queue: ${queue}, run: async () => {} });`;
    const shared = await indexFolder({
      "a.ts": shares("a", '{ name: "q" }'),
      "b.ts": shares("b", '{ name: "q", concurrencyLimit: 2 }'),
    });
    expect(shared.map(({ queueConcurrencyLimit }) => queueConcurrencyLimit)).toEqual([2, 2]);
    await expect(
      indexFolder({
        "a.ts": shares("a", '{ name: "q", concurrencyLimit: 1 }'),
        "b.ts": shares("b", '{ name: "q", concurrencyLimit: 2 }'),
      }),
    ).rejects.toThrow(
      'b.ts: the queue "q" has a concurrencyLimit of 1 in task "a" (a.ts), and of 2 in task "b" (b.ts): define it once',
    );
    await expect(
      indexFolder({
        "a.ts": shares("a", '{ name: "q", rateLimit: { limit: 1, period: "1m" } }'),
        "b.ts": shares("b", '{ name: "q", rateLimit: { limit: 1, period: 60, perKey: true } }'),
      }),
    ).rejects.toThrow('a rateLimit of 1 per 60 s in task "a" (a.ts), and of 1 per 60 s and key in task "b" (b.ts)');
  });

  it("says that there is no task", async () => {
    await expect(indexFolder({ "a.ts": "export const a = 1;" })).rejects.toThrow(
      "no file of the task folder defines a task",
    );
  });

  it("says how a process ended that did not get so far, and what it printed", async () => {
    const failing = indexFolder({ "a.ts": "console.error('last words'); process.exit(3);" });
    await expect(failing).rejects.toThrow(/exit code 3\):\nlast words/);
  });

  it("gives up on files that never finish loading, and leaves no process", async () => {
    await using folder = await createTaskFolder({ "a.ts": "console.log(`pid ${process.pid}`); for (;;);" });
    const bundled = await bundle(folder.path);
    await using temporary = await createTaskFolder({});
    vi.stubEnv("TMPDIR", temporary.path);
    const error = await index(bundled, { timeoutMs: 4_000 }).catch((error: unknown) => error as Error);
    expect((error as Error).message).toContain("not loaded within 4000 ms");
    const pid = Number(/pid (\d+)/.exec((error as Error).message)?.[1]);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect(await readdir(temporary.path)).toEqual([]);
  });

  it("ends early when its signal aborts, and leaves no process", async () => {
    const interrupt = new AbortController();
    await using folder = await createTaskFolder({ "a.ts": "console.log('loading'); while (true) {}" });
    const indexing = index(await bundle(folder.path), { signal: interrupt.signal });
    interrupt.abort(new Error("enough"));
    await expect(indexing).rejects.toThrow("enough");
  });
});
