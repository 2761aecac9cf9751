import { configure } from "@windlass/sdk";
import { deploy } from "@windlass/sdk/build";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type TestCluster,
  checkInvariants,
  checkSettled,
  checkTerminalUnchanged,
  findOverruns,
  snapshotTerminal,
  startCluster,
  waitFor,
  waitUntilClean,
} from "../kit/index.ts";
import { findBroken, LIMITED, triggerLoad } from "./load.ts";
import { createRandom } from "./random.ts";

const TASKS = fileURLToPath(new URL("tasks", import.meta.url));
const RUNS = 300;
const RUN_MS = 20;

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster();
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  await deploy(TASKS);
});

afterAll(() => cluster.end());

/** Puts `fault` into the middle of a load, mends it, and demands that nothing acknowledged was lost, nothing ended twice and no limit was exceeded. */
async function surviveUnderLoad(fault: () => Promise<void>): Promise<void> {
  const before = await snapshotTerminal(cluster.database);
  const triggering = triggerLoad(RUNS, RUN_MS);
  const ended = await waitFor("the load to be under way", async () =>
    Math.max(0, (await countEnded()) - before.size - RUNS / 10),
  );
  expect(ended, "the fault must find runs that have not ended").toBeLessThan(RUNS / 2);
  await fault();
  expect(await findBroken(await triggering)).toEqual([]);
  expect(await checkInvariants(cluster.database)).toEqual([]);
  expect(await checkTerminalUnchanged(cluster.database, before)).toEqual([]);
  expect(await findOverruns(cluster.database, LIMITED)).toEqual([]);
  await waitUntilClean("the cluster to settle", () => checkSettled(cluster.database));
}

async function countEnded(): Promise<number> {
  return (await snapshotTerminal(cluster.database)).size;
}

describe("every acknowledged run ends, once, after", () => {
  test.for(["run-store", "queue", "scheduler", "supervisor"])("kill -9 of the %s", async (name) => {
    await surviveUnderLoad(async () => {
      await cluster.kill(name);
      await cluster.start(name);
    });
  });

  test("kill -9 of one worker process", async () => {
    await surviveUnderLoad(async () => {
      await cluster.killWorker();
    });
  });

  test("kill -9 of services at random, one after the other", async () => {
    const random = createRandom(20_261_123);
    await surviveUnderLoad(async () => {
      for (let round = 0; round < 6; round++) {
        const name = random.pick(["run-store", "queue", "scheduler", "supervisor"]);
        await cluster.kill(name);
        await cluster.start(name);
      }
    });
  });

  test("a supervisor frozen beyond its lease and thawed again", async () => {
    await surviveUnderLoad(async () => {
      cluster.freeze("supervisor");
      await waitFor("its lease to expire", async () => {
        const rows = await cluster.database.query<{ count: string }>({
          name: "faults_supervisors",
          text: "SELECT count(*)::text AS count FROM supervisors",
        });
        return rows[0]?.count === "0";
      });
      cluster.thaw("supervisor");
    });
  });

  test("a restart of PostgreSQL", async () => {
    await surviveUnderLoad(() => cluster.restart("postgres"));
  });
});
