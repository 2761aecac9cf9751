import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { close, configure } from "../../index.ts";
import { createTaskFolder } from "../../testing/task-folder.ts";
import { API_KEY, TestCluster } from "../../testing/test-cluster.ts";
import { deployChanges } from "./deploy-changes.ts";

const task = (id: string) => `import { task } from "@windlass/sdk";
export const ${id} = task({ id: "${id}", run: async () => {} });`;

let cluster: TestCluster;
let project: Awaited<ReturnType<typeof createTaskFolder>>;
let interrupt: AbortController;
let deploying: Promise<void>;
let told: string[];

beforeEach(async () => {
  cluster = await TestCluster.start();
  configure({ url: cluster.url, apiKey: API_KEY });
  project = await createTaskFolder({
    "jobs/a.ts": task("a"),
    "app/windlass.config.ts": "export default { project: 'p', dirs: ['../shared'] };",
    "shared/c.ts": "export const c = ;",
  });
  interrupt = new AbortController();
  deploying = Promise.resolve();
  told = [];
});

afterEach(async () => {
  interrupt.abort();
  await deploying;
  await close();
  cluster.kill();
  await project[Symbol.asyncDispose]();
});

const write = (name: string, content: string) => writeFile(join(project.path, name), content);
const tasks = () => cluster.deployed.map(({ taskIds }) => taskIds.join());

/** Deploys a folder of the project, and resolves once it is watched and its first version is there. */
async function begin(folder: string): Promise<void> {
  deploying = deployChanges(join(project.path, folder), {
    env: {},
    signal: interrupt.signal,
    listener: {
      onVersion: ({ version }) => told.push(version),
      onUnchanged: (version) => told.push(`${version} unchanged`),
      onFailure: (error) => told.push(String(error)),
      onRemark: (remark) => told.push(remark),
    },
  });
  await vi.waitFor(() => expect(told).toHaveLength(1), 10_000);
}

it("uploads a change; what is bundled to the same bytes as before is not uploaded again", async () => {
  await begin("jobs");
  await write("jobs/a.ts", `${task("a")}\n// a remark`);
  await vi.waitFor(() => expect(told).toEqual(["20260101.1", "20260101.1 unchanged"]), 10_000);
  expect(tasks()).toEqual(["a"]);
  await write("jobs/a.ts", task("b"));
  await vi.waitFor(() => expect(told.at(-1)).toBe("20260101.2"), 10_000);
  expect(tasks()).toEqual(["a", "b"]);
});

it("uploads the same bytes again when another version has become current meanwhile", async () => {
  await begin("jobs");
  cluster.currentDeployment = { id: "dep_x", version: "of somebody else", bundleHash: "", isCurrent: true };
  await write("jobs/a.ts", `${task("a")}\n// a remark`);
  await vi.waitFor(() => expect(tasks()).toEqual(["a", "a"]), 10_000);
});

it("notices a config in the folder above, and that it is gone", async () => {
  await begin("jobs");
  await write("trigger.config.ts", "export default { project: 'p', unknown: 1 };");
  await vi.waitFor(() => expect(told.at(-1)).toContain("unknown"), 10_000);
  await rm(join(project.path, "trigger.config.ts"));
  await vi.waitFor(() => expect(told.at(-1)).toBe("20260101.1 unchanged"), 10_000);
});

it("notices changes in folders outside that the config names, also when the first build failed", async () => {
  await begin("app");
  expect(told[0]).toContain("c.ts");
  await vi.waitFor(
    async () => {
      await write("shared/c.ts", `${task("c")}\n// ${performance.now()}`);
      expect(tasks()).toEqual(["c"]);
    },
    { timeout: 10_000, interval: 1_000 },
  );
});
