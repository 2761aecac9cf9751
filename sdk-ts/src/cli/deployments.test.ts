import { afterEach, beforeEach, expect, it } from "vitest";
import { close } from "../index.ts";
import { createTaskFolder } from "../testing/task-folder.ts";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";
import { EXIT } from "./exit-code.ts";
import { runInProcess } from "./testing/run-in-process.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
});

afterEach(async () => {
  await close();
  cluster.kill();
});

const run = (...args: string[]) => runInProcess([...args, "--url", cluster.url, "--api-key", API_KEY]);

async function deploy(source: string) {
  await using folder = await createTaskFolder({ "a.ts": source });
  return await run("deploy", "--dir", folder.path, "--json");
}

const version = (nth: number) =>
  `import { task } from "@trigger.dev/sdk";\nexport const a = task({ id: "a", run: async () => ${nth} });`;

it("a version whose tasks cannot be loaded is not deployed: exit code 1, and the former stays current", async () => {
  await deploy(version(1));
  const broken = await deploy("throw new Error('boom');");
  expect(broken.exitCode).toBe(EXIT.endedBadly);
  expect(broken.json()).toMatchObject({ error: { reason: "TASK_IMPORT_ERROR" } });
  expect((await run("tasks", "--json")).json()).toMatchObject({ version: "20260101.1" });
});

it("deployments list shows which version is current, and which one each replaced", async () => {
  await deploy(version(1));
  await deploy(version(2));
  const { stdout } = await run("deployments", "list");
  expect(stdout).toMatch(/^VERSION .*\n20260101\.2 .* 1 +20260101\.1 +current\n20260101\.1 .* 1\n$/);
  expect((await run("deployments", "list", "--limit", "1", "--json")).json()).toMatchObject({
    deployments: [{ version: "20260101.2", replacedVersion: "20260101.1", isCurrent: true }],
    hasMore: true,
  });
});

it("rollback is one command: back to what the current version replaced, or to the version that is named", async () => {
  for (const nth of [1, 2, 3]) await deploy(version(nth));
  const { exitCode, stdout, stderr } = await run("rollback");
  expect({ exitCode, stdout }).toEqual({ exitCode: EXIT.ok, stdout: "20260101.2  current\n" });
  expect(stderr).toContain("left 20260101.3: its runs that have begun end on it, those that wait take 20260101.2");
  const further = await run("rollback", "20260101.1", "--json");
  expect(further.json()).toMatchObject({ version: "20260101.1", from: "20260101.2" });
});

it("promote makes any version current, and says when there is none of that name", async () => {
  await deploy(version(1));
  await deploy(version(2));
  expect((await run("promote", "20260101.1", "--json")).json()).toMatchObject({ version: "20260101.1" });
  const unknown = await run("promote", "20260101.7", "--json");
  expect(unknown.exitCode).toBe(EXIT.wrongRequest);
  expect(unknown.json()).toMatchObject({ error: { reason: "DEPLOYMENT_NOT_FOUND" } });
});

it("trigger --pin names the version that executes the run", async () => {
  await run("trigger", "a", "--pin", "20260101.1");
  expect(cluster.runs.get("run_1")?.options).toMatchObject({ version: "20260101.1" });
});
