import { configure, runs, tasks } from "@windlass/sdk";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runWindlass, startCluster, type TestCluster, waitFor } from "../kit/index.ts";

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({ env: { WINDLASS_CAPACITY_CPU: "0.5" } });
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  await cluster.deploy(fileURLToPath(new URL("queue-tasks", import.meta.url)));
});

afterAll(() => cluster.end());

test("a run whose machine fits into no supervisor says so, and others of its queue go past it", async () => {
  const held = await tasks.trigger("single", { n: 1 }, { machine: "large-1x" });
  const { hold } = await waitFor("the run to be held", async () => {
    const run = await runs.retrieve(held.id);
    return run.hold === undefined || run.hold.reason === "NO_SUPERVISOR" ? undefined : run;
  });
  expect(hold).toMatchObject({
    reason: "NO_MACHINE",
    message: "It needs machine large-1x, and no supervisor offers that. Offered: micro, small-1x.",
  });
  const others = [
    await tasks.trigger("single", { n: 2 }),
    await tasks.trigger("single", { n: 3 }, { machine: "micro" }),
  ];
  for (const { id } of others) expect((await runs.poll(id)).status).toBe("COMPLETED");
  const { stdout } = await runWindlass(["runs", "get", held.id], cluster);
  expect(stdout).toMatch(/held +NO_MACHINE: It needs machine large-1x, and no supervisor offers that/u);
  await runs.cancel(held.id);
  expect((await runs.poll(held.id)).status).toBe("CANCELED");
});
