import { afterEach, beforeEach, expect, it } from "vitest";
import { deploy } from "../build/index.ts";
import { close, configure, deployments } from "../index.ts";
import { createTaskFolder } from "../testing/task-folder.ts";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
  configure({ url: cluster.url, apiKey: API_KEY });
});

afterEach(async () => {
  await close();
  cluster.kill();
});

/** Deploys versions "20260101.1" to "20260101.<count>". */
async function deployVersions(count: number): Promise<void> {
  for (let nth = 1; nth <= count; nth += 1) {
    await using folder = await createTaskFolder({
      "a.ts": `import { task } from "@trigger.dev/sdk";\nexport const a = task({ id: "a", run: async () => ${nth} });`,
    });
    await deploy(folder.path, { url: cluster.url, apiKey: API_KEY });
  }
}

it("versions are listed newest first, each with what it replaced", async () => {
  await deployVersions(2);
  const { data } = await deployments.list({ limit: 10 });
  expect(data).toMatchObject([
    { version: "20260101.2", isCurrent: true, replacedVersion: "20260101.1" },
    { version: "20260101.1", isCurrent: false },
  ]);
  expect(data[1]).not.toHaveProperty("replacedVersion");
});

it("any version is made current, by its name or as an object", async () => {
  await expect(deployments.retrieveCurrent()).rejects.toMatchObject({ reason: "DEPLOYMENT_NOT_FOUND" });
  await deployVersions(2);
  expect(await deployments.promote("20260101.1")).toMatchObject({ version: "20260101.1", isCurrent: true });
  expect(await deployments.retrieveCurrent()).toMatchObject({ version: "20260101.1" });
  const { data } = await deployments.list();
  expect(await deployments.promote(data[0]!)).toMatchObject({ version: "20260101.2" });
});

it("a rollback leaves the current version for what it replaced, or for what is named", async () => {
  await deployVersions(3);
  expect(await deployments.rollback()).toMatchObject({ version: "20260101.2" });
  await deployments.promote("20260101.3");
  expect(await deployments.rollback({ from: "20260101.3", to: "20260101.1" })).toMatchObject({ version: "20260101.1" });
});

it("what names no version, or asks for what there is not, is refused before anything is sent", async () => {
  const field = (name: string) => ({ reason: "FIELD_INVALID", violations: [{ field: name }] });
  await expect(deployments.promote("")).rejects.toMatchObject(field("deployment"));
  await expect(deployments.rollback({ to: "x".repeat(65) })).rejects.toMatchObject(field("options.to"));
  await expect(deployments.rollback({ version: "20260101.1" } as object)).rejects.toMatchObject(
    field("options.version"),
  );
  await expect(deployments.list({ limit: 101 })).rejects.toMatchObject(field("options.limit"));
  await expect(deployments.promote("20260101.9")).rejects.toMatchObject({ reason: "DEPLOYMENT_NOT_FOUND" });
});
