import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createTaskFolder } from "../testing/task-folder.ts";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";
import { BuildError, deploy } from "./index.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
});

afterEach(() => cluster.kill());

const task = 'import { task } from "@trigger.dev/sdk";\nexport const a = task({ id: "a", run: async () => {} });';

it("uploads the bundle in chunks with its tasks, and returns the deployment", async () => {
  await using folder = await createTaskFolder({
    "a.ts": `${task}\nexport const filler = ${JSON.stringify("x".repeat(3e6))};`,
  });
  const deployment = await deploy(folder.path, { url: cluster.url, apiKey: API_KEY });
  expect(deployment).toMatchObject({ id: "dep_1", isCurrent: true });
  expect(cluster.deployed.map(({ taskIds }) => taskIds)).toEqual([["a"]]);
  expect(createHash("sha256").update(cluster.deployed[0]!.bytes).digest("hex")).toBe(deployment.bundleHash);
});

it("uploads nothing when the tasks cannot be loaded", async () => {
  await using folder = await createTaskFolder({ "a.ts": "throw new Error('boom')" });
  await expect(deploy(folder.path, { url: cluster.url, apiKey: API_KEY })).rejects.toBeInstanceOf(BuildError);
  expect(cluster.deployed).toEqual([]);
});

it("says what the cluster has against it", async () => {
  await using folder = await createTaskFolder({ "a.ts": task });
  await expect(deploy(folder.path, { url: cluster.url, apiKey: "wl_wrong" })).rejects.toMatchObject({
    name: "WindlassError",
    reason: "API_KEY_INVALID",
  });
});
