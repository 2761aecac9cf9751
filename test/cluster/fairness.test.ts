import { deploy } from "@windlass/sdk/build";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type Clients,
  checkInvariants,
  runIdsOf,
  startCluster,
  type TestCluster,
  triggerAll,
  type TriggerInit,
  waitFor,
} from "../kit/index.ts";

const TASKS = fileURLToPath(new URL("crowd-tasks", import.meta.url));
const QUEUE = "task/crowd";
/** What one key, or one environment, has waiting when the others come. */
const CROWD = 2_500;
const KEYS = 100;
const RUNS_OF_KEY = 10;
const FEW = KEYS * RUNS_OF_KEY;

let cluster: TestCluster;
let client: Clients;

beforeAll(async () => {
  cluster = await startCluster();
  client = cluster.client();
  await cluster.deploy(TASKS);
  await spread(); // warm workers
});

afterAll(() => cluster.end());

const crowdOf = (count: number, concurrencyKey: string): TriggerInit[] =>
  Array.from({ length: count }, () => ({ taskId: "crowd", options: { concurrencyKey } }));

const fewOfEach = (): TriggerInit[] =>
  Array.from({ length: FEW }, (_, n) => ({ taskId: "crowd", options: { concurrencyKey: `few-${n % KEYS}` } }));

/** How long it took from the first start of any of all these runs to the last of `ids`, and how many of the others began before that, by the database. */
async function lastStart(ids: readonly string[], others: readonly string[]) {
  const statement = {
    name: "fairness_last_start",
    text: `with began as (select id = any($1::text[]) as is_mine, start_time from runs where id = any($1::text[] || $2::text[])),
      last as (select max(start_time) as time from began where is_mine)
      select (extract(epoch from (select time from last) - min(start_time)) * 1000)::float8 as "tookMs",
        (count(*) filter (where not is_mine and start_time < (select time from last)))::int as "overtakenBy"
      from began`,
  };
  const [row] = await cluster.database.query<{ tookMs: number; overtakenBy: number }>(statement, [ids, others]);
  return row ?? { tookMs: Number.NaN, overtakenBy: Number.NaN };
}

async function untilEnded(ids: readonly string[]): Promise<void> {
  const statement = {
    name: "fairness_left",
    text: "select count(*)::int as left from runs where id = any($1::text[]) and finish_time is null",
  };
  await waitFor("the runs to have ended", async () => {
    const [row] = await cluster.database.query<{ left: number }>(statement, [ids]);
    return row?.left === 0;
  });
}

/** Queues all of them behind a pause, lets them go, and waits for `awaited`. */
async function race(clients: Clients, before: readonly TriggerInit[], awaited: readonly TriggerInit[]) {
  await clients.queues.pauseQueue({ name: QUEUE });
  const others = runIdsOf(await triggerAll(clients, before));
  const ids = runIdsOf(await triggerAll(clients, awaited));
  await clients.queues.resumeQueue({ name: QUEUE });
  await untilEnded(ids);
  return { others, ids, ...(await lastStart(ids, others)) };
}

async function spread() {
  return race(client, [], fewOfEach());
}

test("100 keys of 10 runs finish beside one key of thousands in less than twice the time that they need alone", async () => {
  const before = await spread();
  const { ids, others, tookMs, overtakenBy } = await race(client, crowdOf(CROWD, "crowd"), fewOfEach());
  await untilEnded(others);
  const after = await spread();
  // Keys take turns: while the others have their ten, the crowd has ten, and what was already on its way to a worker.
  expect(overtakenBy).toBeLessThan(FEW / 10);
  // Before and after, since a machine is not always equally fast.
  expect(tookMs).toBeLessThan(2 * Math.max(before.tookMs, after.tookMs) + 100);
  expect(ids).toHaveLength(FEW);
  expect(await checkInvariants(cluster.database)).toEqual([]);
});

test("an environment of few runs does not wait for one of thousands, whichever shard it is in", async () => {
  const admin = cluster.client(cluster.secrets.adminToken);
  const made = await admin.environments.createEnvironment({ slug: "small", type: 1, project: "local" });
  await deploy(TASKS, { url: cluster.url, apiKey: made.apiKey });
  const small = cluster.client(made.apiKey);
  await untilEnded(runIdsOf(await triggerAll(small, crowdOf(1, ""))));

  for (const each of [client, small]) await each.queues.pauseQueue({ name: QUEUE });
  const others = runIdsOf(await triggerAll(client, crowdOf(CROWD, "")));
  const ids = runIdsOf(await triggerAll(small, crowdOf(50, "")));
  for (const each of [client, small]) await each.queues.resumeQueue({ name: QUEUE });
  await untilEnded(ids);
  const statement = {
    name: "fairness_waiting",
    text: "select count(*)::int as waiting from runs where id = any($1::text[]) and start_time is null",
  };
  const [row] = await cluster.database.query<{ waiting: number }>(statement, [others]);
  expect(row?.waiting).toBeGreaterThan(CROWD / 4);
  await untilEnded(others);
});
