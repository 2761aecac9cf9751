import { configure, runs } from "@windlass/sdk";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  checkInvariants,
  createScratchDirectory,
  listProcesses,
  startCluster,
  type TestCluster,
  waitFor,
} from "../kit/index.ts";
import { expectOneAtATime, openGate, startTraced, untilAgain, untilWaiting } from "./traced-runs.ts";

const TASKS = fileURLToPath(new URL("life-tasks", import.meta.url));
/** Far longer than a test waits for anything. */
const TTL_MS = 600_000;

let cluster: TestCluster;
let scratch: ReturnType<typeof createScratchDirectory>;

beforeAll(async () => {
  cluster = await startCluster({ supervisorTtlMs: TTL_MS, heartbeatIntervalMs: 1_000, workers: 4 });
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  await cluster.deploy(TASKS);
});

afterAll(() => cluster.end());

beforeEach(() => {
  scratch = createScratchDirectory();
});

afterEach(async () => {
  expect(await checkInvariants(cluster.database)).toEqual([]);
  scratch.remove();
});

describe("a supervisor that is started again after a kill", () => {
  test("has what it held begin again at once, and does not wait for the end of the old lease", async () => {
    const gate = path.join(scratch.path, "gate");
    const [beating, waiting] = [
      await startTraced(scratch.path, "beating", gate),
      await startTraced(scratch.path, "waiting-once", gate),
    ];
    await untilWaiting(waiting);
    await cluster.kill("supervisor");
    await cluster.start("supervisor");
    await Promise.all([beating, waiting].map(untilAgain));
    openGate(gate);
    for (const run of [beating, waiting]) {
      expect(await runs.poll(run.id)).toMatchObject({ status: "COMPLETED", output: { attempt: 2 } });
      expect((await runs.retrieve(run.id)).attempts[0]).toMatchObject({
        outcome: "LOST",
        error: { code: "SUPERVISOR_LOST" },
      });
      expectOneAtATime(run);
    }
  });

  test("first ends the workers that its watcher would have ended, had it not been killed too", async () => {
    const gate = path.join(scratch.path, "gate");
    const run = await startTraced(scratch.path, "deaf-beating", gate);
    const watcher = listProcesses().find(
      ({ parentPid, command }) =>
        parentPid === cluster.member("supervisor").process?.pid && command.includes("windlass-watcher"),
    );
    cluster.freeze("supervisor"); // or it would start another watcher
    process.kill(watcher?.pid ?? 0, "SIGKILL");
    await cluster.kill("supervisor");
    const orphaned = run.beats().length;
    await waitFor("the worker to go on without anybody", () => run.beats().length > orphaned + 10);

    await cluster.start("supervisor");
    await untilAgain(run);
    openGate(gate);
    expect(await runs.poll(run.id)).toMatchObject({ status: "COMPLETED", output: { attempt: 2 } });
    expectOneAtATime(run);
  });
});
