import path from "node:path";
import { repositoryDirectory } from "@windlass/local";
import { configure, runs, tasks } from "@windlass/sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkSettled, startCluster, waitUntilClean, type TestCluster } from "../kit/index.ts";

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster();
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  await cluster.deploy(path.join(repositoryDirectory, "test/cluster/waiting-tasks"));
});

afterAll(() => cluster.end());

test("a task that waits for another, for many or for a time goes on in its own process, with what came of it", async () => {
  const [parent, batch, sleeper, looper] = await Promise.all([
    tasks.trigger("waits-for-child", { number: 21 }),
    tasks.trigger("waits-for-children", { numbers: [1, 2, 3] }),
    tasks.trigger("waits-for-time", { seconds: 6 }),
    tasks.trigger("loops-for-ever", {}),
  ]);
  expect(await runs.poll(parent)).toMatchObject({
    status: "COMPLETED",
    attemptCount: 1,
    output: { result: { doubled: 42 }, isSameProcess: true },
  });
  expect(await runs.poll(batch)).toMatchObject({ status: "COMPLETED", output: [2, 4, 6] });
  const slept = await runs.poll(sleeper);
  expect(slept).toMatchObject({ status: "COMPLETED", attemptCount: 1 });
  expect((slept.output as { waitedMs: number }).waitedMs).toBeGreaterThanOrEqual(6_000);
  expect(await runs.poll(looper)).toMatchObject({ status: "TIMED_OUT" });
  const events = await Array.fromAsync(runs.subscribeToEvents(parent));
  const statuses = events.flatMap((event) => (event.type === "status" ? [event.status] : []));
  expect(statuses).toEqual(["QUEUED", "EXECUTING", "WAITING", "QUEUED", "EXECUTING", "COMPLETED"]);
  await waitUntilClean("the cluster has settled", () => checkSettled(cluster.database));
});
