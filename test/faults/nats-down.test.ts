import { configure } from "@windlass/sdk";
import { deploy } from "@windlass/sdk/build";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestCluster, checkInvariants, findOverruns, startCluster, waitFor } from "../kit/index.ts";
import { findBroken, LIMITED, triggerLoad } from "./load.ts";

const TASKS = fileURLToPath(new URL("tasks", import.meta.url));
const RUNS = 200;

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({ instances: { "run-store": 2 } });
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  await deploy(TASKS);
});

afterAll(() => cluster.end());

async function outboxRows(): Promise<number> {
  const rows = await cluster.database.query<{ count: string }>({
    name: "faults_outbox",
    text: "SELECT count(*)::text AS count FROM outbox",
  });
  return Number(rows[0]?.count);
}

test("everything converges with nats-server stopped for the whole run (I9)", async () => {
  await cluster.stop("nats");
  expect(await findBroken(await triggerLoad(RUNS, 5))).toEqual([]);
  expect(await checkInvariants(cluster.database)).toEqual([]);
  expect(await findOverruns(cluster.database, LIMITED)).toEqual([]);
});

test("with two run-stores, a run triggered at the one that nobody watches is found without NATS (I9)", async () => {
  const other = cluster.member("run-store-2");
  configure({ url: other.address, apiKey: cluster.apiKey });
  // The queue sweeps every few seconds; the run-store that the scheduler watches looks every second for what is due.
  expect(await findBroken(await triggerLoad(20, 5))).toEqual([]);
  configure({ url: cluster.url, apiKey: cluster.apiKey });
});

test("what NATS could not be told is published once it is back", async () => {
  await cluster.start("nats");
  await waitFor("the outbox to be empty", async () => (await outboxRows()) === 0);
});

test("nats-server killed and restarted under load loses nothing", async () => {
  const triggering = triggerLoad(RUNS, 20);
  await cluster.kill("nats");
  await cluster.start("nats");
  expect(await findBroken(await triggering)).toEqual([]);
  expect(await checkInvariants(cluster.database)).toEqual([]);
});
