import { fromBinary } from "@bufbuild/protobuf";
import { BundleSchema } from "@windlass/proto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createTaskFolder } from "../testing/task-folder.ts";
import { bundle, ImportError, index, type IndexOptions } from "./index.ts";

const sdk = 'import { defineConfig, task, tasks } from "@trigger.dev/sdk";\n';
const a = `${sdk}export const a = task({ id: "a", run: async () => {} });`;

function config(fields: string): string {
  return `${sdk}export default defineConfig({ project: "proj_1234", ${fields} });`;
}

afterEach(() => vi.unstubAllEnvs());

async function indexFolder(files: Record<string, string>, folder = "", options?: IndexOptions) {
  await using temporary = await createTaskFolder(files);
  return await index(await bundle(`${temporary.path}/${folder}`), options);
}

describe("a config", () => {
  it.each(["trigger.config.ts", "windlass.config.ts", "trigger.config.mjs"])(
    "called %s gives its tasks what they do not say themselves",
    async (name) => {
      const fields = `retries: { enabledInDev: false, default: { maxAttempts: 7, factor: 3 } }, maxDuration: 60, machine: "micro"`;
      const own = `${sdk}task({ id: "b", retry: { factor: 1.5 }, maxDuration: 5, machine: "large-1x", run: async () => {} });`;
      const tasks = await indexFolder({ [name]: config(fields), "a.ts": a, "b.ts": own });
      expect(tasks[0]).toMatchObject({
        retry: { maxAttempts: 7, factor: 3, minTimeoutMs: 1_000n, isDisabledInDevelopment: true },
        maxDurationSeconds: 60,
        machine: "micro",
      });
      expect(tasks[1]).toMatchObject({
        retry: { maxAttempts: 7, factor: 1.5, isDisabledInDevelopment: true },
        maxDurationSeconds: 5,
        machine: "large-1x",
      });
    },
  );

  it("holds from the folder above, too, which is named nowhere", async () => {
    const files = { "trigger.config.ts": config("machine: 'micro'"), "tasks/a.ts": a, "elsewhere/b.ts": "throw 1;" };
    expect(await indexFolder(files, "tasks")).toMatchObject([{ id: "a", filePath: "a.ts", machine: "micro" }]);
  });

  it("names the folders with tasks", async () => {
    const tasks = await indexFolder({
      "trigger.config.ts": config('dirs: ["./src/jobs/", "more"]'),
      "src/jobs/a.ts": a,
      "src/jobs/init.ts": "globalThis.order.push('jobs');",
      "more/b.ts": `${sdk}task({ id: globalThis.order.join(), run: async () => {} });`,
      "more/init.ts": "globalThis.order = ['more'];",
      "src/server.ts": "throw new Error('not a task file');",
    });
    expect(tasks.map(({ id, filePath }) => [id, filePath])).toEqual([
      ["more,jobs", "more/b.ts"],
      ["a", "src/jobs/a.ts"],
    ]);
  });

  it("without dirs means every folder called trigger, and else its own", async () => {
    const inTrigger = { "trigger.config.ts": config(""), "app/src/trigger/deep/a.ts": a, "app/server.ts": "throw 1;" };
    expect(await indexFolder(inTrigger)).toMatchObject([{ filePath: "app/src/trigger/deep/a.ts" }]);
    expect(await indexFolder({ "trigger.config.ts": config(""), "lib/a.ts": a })).toMatchObject([
      { filePath: "lib/a.ts" },
    ]);
  });

  it("is loaded before init.ts, and that before the tasks", async () => {
    const tasks = await indexFolder({
      "trigger.config.ts": `globalThis.order = ["config"];\n${config("")}`,
      "init.ts": `globalThis.order.push("init");`,
      "a.ts": `${sdk}task({ id: globalThis.order.join(), run: async () => {} });`,
    });
    expect(tasks.map(({ id }) => id)).toEqual(["config,init"]);
  });

  it("may take its project from the environment of whoever bundles", async () => {
    vi.stubEnv("PROJECT_REF", "proj_of_env");
    const source = `${sdk}export default defineConfig({ project: process.env.PROJECT_REF });`;
    expect(await indexFolder({ "trigger.config.ts": source, "a.ts": a })).toHaveLength(1);
  });

  it("leaves files out, and packages", async () => {
    const fields = `ignorePatterns: ["**/*.story.ts"], build: { external: ["left-out", /^@left\\//] }`;
    await using folder = await createTaskFolder({
      "trigger.config.ts": config(fields),
      "a.ts": `${a}\nexport const load = () => Promise.all([import("left-out"), import("@left/out")]);`,
      "b.story.ts": "throw new Error('not a task file');",
    });
    const { bytes } = await bundle(folder.path);
    expect(await index({ bytes })).toHaveLength(1);
    const tasks = fromBinary(BundleSchema, bytes).files.find(({ path }) => path === "tasks.mjs");
    expect(Buffer.from(tasks?.content ?? []).toString()).toContain('import("@left/out")');
  });

  it("gives the same bytes wherever it is", async () => {
    const files = { "trigger.config.ts": config("build: { minify: true }"), "trigger/a.ts": a };
    await using first = await createTaskFolder(files);
    await using second = await createTaskFolder(files);
    expect((await bundle(first.path)).hash).toBe((await bundle(second.path)).hash);
  });

  it.each([
    { what: "throws", source: "\nthrow new Error('boom');", message: "trigger.config.ts: boom", frame: "config.ts:2:" },
    { what: "exports nothing", source: sdk, message: "trigger.config.ts: it must export its config", frame: "" },
    {
      what: "says something that it must not",
      source: config("dirs: 1"),
      message: "trigger.config.ts: dirs of the config must be a list, got 1",
      frame: "",
    },
  ])("that $what makes the version unusable", async ({ source, message, frame }) => {
    const failing = indexFolder({ "trigger.config.ts": source, "a.ts": a });
    const error = await failing.catch((error: unknown) => error as ImportError);
    expect(error).toBeInstanceOf(ImportError);
    expect((error as ImportError).message).toContain(`TASK_IMPORT_ERROR: ${message}`);
    expect((error as ImportError).error.stack).toContain(frame);
  });

  it("that throws only in the worker makes the version unusable as well", async () => {
    vi.stubEnv("PROJECT_REF", "proj_1234");
    const source = `if (process.env.PROJECT_REF === undefined) throw new Error("no ref");\n${config("")}`;
    const failing = indexFolder({ "trigger.config.ts": source, "a.ts": a });
    await expect(failing).rejects.toThrow("TASK_IMPORT_ERROR: trigger.config.ts: no ref");
  });

  it("that ends its process is told apart", async () => {
    const failing = indexFolder({ "trigger.config.ts": "console.error('bye'); process.exit(4);", "a.ts": a });
    await expect(failing).rejects.toThrow(
      /the process that loaded trigger\.config\.ts ended early \(exit code 4\):\nbye/,
    );
  });

  it("is alone, and its dirs exist", async () => {
    await expect(
      indexFolder({ "trigger.config.ts": config(""), "windlass.config.ts": config(""), "a.ts": a }),
    ).rejects.toThrow("has two configs, trigger.config.ts and windlass.config.ts");
    await expect(indexFolder({ "trigger.config.ts": config('dirs: ["gone"]'), "a.ts": a })).rejects.toThrow(
      'trigger.config.ts names "gone" in dirs, and there is no such folder',
    );
  });
});
