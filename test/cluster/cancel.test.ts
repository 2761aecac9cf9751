import { configure, runs, tasks } from "@windlass/sdk";
import { deploy } from "@windlass/sdk/build";
import { CancelPhaseSchema, RunStatusSchema } from "@windlass/proto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestCluster, checkInvariants, createScratchDirectory, startCluster, waitFor } from "../kit/index.ts";

const CANCEL_LIMIT_MS = 1500;

let cluster: TestCluster;
const scratch = createScratchDirectory();

beforeAll(async () => {
  cluster = await startCluster({ cancelLimitMs: CANCEL_LIMIT_MS });
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  await deploy(fileURLToPath(new URL("cancel-tasks", import.meta.url)));
});

afterAll(async () => {
  await cluster.end();
  scratch.remove();
});

async function phasesOf(runId: string): Promise<string[]> {
  const phases: string[] = [];
  for await (const { events } of cluster.client().runs.watchRun({ runId })) {
    for (const { body } of events) {
      if (body.case === "cancelProgress") phases.push(CancelPhaseSchema.value[body.value.phase]?.localName ?? "?");
      if (body.case === "statusChanged") phases.push(RunStatusSchema.value[body.value.status]?.localName ?? "?");
    }
  }
  return phases;
}

async function startTask(id: string): Promise<{ runId: string; file: string }> {
  const file = path.join(scratch.path, `${id}.txt`);
  const handle = await tasks.trigger(id, { file });
  await waitFor(`${id} to run`, () => existsSync(file));
  return { runId: handle.id, file };
}

test("an executing task that honours its signal ends by itself, and its output is kept", async () => {
  const { runId } = await startTask("honours-signal");
  await runs.cancel(runId, { reason: "changed my mind" });
  const run = await runs.poll(runId);
  expect(run.status).toBe("CANCELED");
  expect(run.output).toEqual({ reason: expect.stringContaining("changed my mind") as string });
  expect(await phasesOf(runId)).toEqual([
    "QUEUED",
    "EXECUTING",
    "REQUESTED",
    "CANCELING",
    "DELIVERED",
    "ACKNOWLEDGED",
    "ENDED",
    "CANCELED",
  ]);
});

test.for(["ignores-signal", "loops-forever"])(
  "a task that %s is ended by force within the limit, and nothing of it runs afterwards (I5)",
  async (id) => {
    const { runId, file } = await startTask(id);
    await runs.cancel(runId);
    const run = await runs.poll(runId);
    expect(run.status).toBe("CANCELED");
    expect(Number(run.finishedAt) - Number(run.cancelRequestedAt)).toBeLessThan(CANCEL_LIMIT_MS + 2000);
    expect((await phasesOf(runId)).slice(-2)).toEqual(["FORCED", "CANCELED"]);
    // The task writes as long as it lives. Another run in between proves that time has passed in the cluster.
    const atTheEnd = readFileSync(file, "utf8");
    await runs.poll(await tasks.trigger("returns", {}));
    expect(readFileSync(file, "utf8")).toBe(atTheEnd);
  },
);

test("a cancel of a run that has ended changes nothing", async () => {
  const handle = await tasks.trigger("returns", {});
  const before = await runs.poll(handle);
  await runs.cancel(handle.id);
  const after = await runs.retrieve(handle.id);
  expect(after.status).toBe("COMPLETED");
  expect(after.finishedAt).toEqual(before.finishedAt);
});

test("queued runs are canceled at once, however many there are", async () => {
  await cluster.stop("supervisor");
  const handles = await Promise.all(Array.from({ length: 200 }, () => tasks.trigger("returns", {})));
  const canceled = await Promise.all(handles.map(async ({ id }) => runs.cancel(id)));
  expect(canceled.map(({ status }) => status)).toEqual(handles.map(() => "CANCELED"));
  await cluster.start("supervisor");
  const run = await runs.poll(await tasks.trigger("returns", {}));
  expect(run.status).toBe("COMPLETED");
  expect(await checkInvariants(cluster.database)).toEqual([]);
});

test("a cancel reaches its worker with NATS down (I9)", async () => {
  await cluster.stop("nats");
  const { runId } = await startTask("honours-signal-without-nats");
  await runs.cancel(runId);
  expect((await runs.poll(runId)).status).toBe("CANCELED");
  await cluster.start("nats");
});
