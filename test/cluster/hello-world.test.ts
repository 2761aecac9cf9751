import path from "node:path";
import { repositoryDirectory } from "@windlass/local";
import { configure, runs, tasks } from "@windlass/sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkInvariants, checkSettled, startCluster, waitUntilClean, type TestCluster } from "../kit/index.ts";

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster();
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  await cluster.deploy(path.join(repositoryDirectory, "sdk-ts/examples"));
});

afterAll(() => cluster.end());

test("hello-world goes from a trigger over gRPC to its result, and its timeline tells every step", async () => {
  const handle = await tasks.trigger("hello-world", { message: "Hello world!" });
  const events = await Array.fromAsync(runs.subscribeToEvents(handle));

  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  expect(events.filter(({ type }) => type === "status")).toMatchObject([
    { status: "QUEUED" },
    { status: "EXECUTING" },
    { status: "COMPLETED" },
  ]);
  expect(events).toContainEqual(expect.objectContaining({ type: "log", level: "info", message: "Hello world!" }));
  expect(events).toContainEqual(expect.objectContaining({ type: "hook", hook: "run", outcome: "ok" }));
  expect(events.at(-1)).toMatchObject({ type: "status", status: "COMPLETED" });

  const run = await runs.retrieve(handle);
  expect(run).toMatchObject({
    status: "COMPLETED",
    isSuccess: true,
    attemptCount: 1,
    payload: { message: "Hello world!" },
  });
  expect(run.attempts).toMatchObject([{ number: 1, outcome: "SUCCEEDED" }]);
  expect(await checkInvariants(cluster.database)).toEqual([]);
});

test("who waits for a result is told it", async () => {
  const handles = await Promise.all(
    Array.from({ length: 100 }, (_, n) => tasks.trigger("hello-world", { message: `Hello ${n}!` })),
  );
  const ended = await Promise.all(handles.map((handle) => runs.poll(handle)));
  expect(ended.map(({ status }) => status)).toEqual(handles.map(() => "COMPLETED"));
  await waitUntilClean("the cluster has settled", () => checkSettled(cluster.database));
});
