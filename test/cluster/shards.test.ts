import { deploy } from "@windlass/sdk/build";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  checkInvariants,
  checkSettled,
  type Clients,
  findOverruns,
  runIdsOf,
  startCluster,
  type TestCluster,
  triggerAll,
  type TriggerInit,
  waitFor,
  waitUntilClean,
} from "../kit/index.ts";

const TASKS = fileURLToPath(new URL("crowd-tasks", import.meta.url));
const SHARDS = 8;
const LIMIT = 2;
const KEYS = 3;
const RUNS_OF_KEY = 40;
/** What the loss of an owner may cost. */
const TAKEOVER_MS = 5_000;

let cluster: TestCluster;
/** Of two environments, one with each owner: no more than there are workers for, since a worker belongs to an environment. */
let environments: Clients[];

beforeAll(async () => {
  cluster = await startCluster({ instances: { queue: 2 }, workers: 4 });
  await untilShared();
  environments = await Promise.all((await keysOfBothOwners()).map(deployTo));
});

beforeEach(untilShared);
afterAll(() => cluster.end());

interface Owner {
  readonly owner: string;
  readonly shards: number;
}

/** Who owns how many shards, of the services that live. */
async function owners(): Promise<Owner[]> {
  return cluster.database.query<Owner>({
    name: "shards_owners",
    text: `select e.owner, count(*)::int as shards from queue_epochs e join queue_services s on s.id = e.owner
      where s.expire_time > now() group by 1 order by 1`,
  });
}

/** Waits until two services share the shards evenly. */
async function untilShared(): Promise<void> {
  await waitFor("two queue services to share the shards", async () => {
    const found = await owners();
    return found.length === 2 && found.every(({ shards }) => shards === SHARDS / 2);
  });
}

/** Waits until one service owns everything; gives the milliseconds since `sinceMs`. */
async function untilTaken(sinceMs: number): Promise<number> {
  await waitFor("the other queue service to own every shard", async () => {
    const [first, ...more] = await owners();
    return first?.shards === SHARDS && more.length === 0;
  });
  return performance.now() - sinceMs;
}

/** API keys of environments: one of each owner. */
async function keysOfBothOwners(): Promise<string[]> {
  const admin = cluster.client(cluster.secrets.adminToken);
  const byOwner = new Map<string, string>();
  for (let n = 0; n < 30; n += 1) {
    const slug = `env-${n}`;
    const { apiKey } = await admin.environments.createEnvironment({ slug, type: 1, project: "local" });
    const statement = {
      name: "shards_owner_of",
      text: "select owner from environments join queue_epochs on shard = queue_shard where slug = $1",
    };
    const [row] = await cluster.database.query<{ owner: string }>(statement, [slug]);
    byOwner.set(row?.owner ?? "", apiKey);
    if (byOwner.size === 2) break;
  }
  return [...byOwner.values()];
}

async function deployTo(apiKey: string): Promise<Clients> {
  await deploy(TASKS, { url: cluster.url, apiKey });
  return cluster.client(apiKey);
}

const load = (): TriggerInit[] =>
  Array.from({ length: KEYS * RUNS_OF_KEY }, (_, n) => ({
    taskId: "crowd-pair",
    options: { concurrencyKey: `key-${n % KEYS}` },
  }));

async function countLeft(ids: readonly string[]): Promise<number> {
  const statement = {
    name: "shards_left",
    text: "select count(*)::int as left from runs where id = any($1::text[]) and finish_time is null",
  };
  const [row] = await cluster.database.query<{ left: number }>(statement, [ids]);
  return row?.left ?? 0;
}

/** Puts `fault` into the middle of a load on every environment; demands that all of it completes and that no key ever had more than its limit. */
async function surviveUnderLoad(fault: () => Promise<void>): Promise<void> {
  const ids = (
    await Promise.all(environments.map(async (clients) => runIdsOf(await triggerAll(clients, load()))))
  ).flat();
  await waitFor("the load to be under way", async () => (await countLeft(ids)) < ids.length * 0.9);
  await fault();
  await waitFor("every run to have ended", async () => (await countLeft(ids)) === 0);
  const bad = { name: "shards_bad", text: "select id, status from runs where status <> 'COMPLETED'" };
  expect(await cluster.database.query(bad)).toEqual([]);
  expect(await findOverruns(cluster.database, { queue: "crowd-pair", limit: LIMIT })).toEqual([]);
  expect(await checkInvariants(cluster.database)).toEqual([]);
  await waitUntilClean("the cluster to settle", () => checkSettled(cluster.database));
}

test("an environment belongs to one shard, each shard to one of the queue services, and all work", async () => {
  await surviveUnderLoad(() => Promise.resolve());
});

test("kill -9 of a queue service: the other has its shards within 5 s, and nothing is over-admitted (I4)", async () => {
  await surviveUnderLoad(async () => {
    const sinceMs = performance.now();
    await cluster.kill("queue-2");
    expect(await untilTaken(sinceMs)).toBeLessThan(TAKEOVER_MS);
  });
  await cluster.start("queue-2");
});

test("a rolling restart of both under load admits nothing beyond a limit (I4)", async () => {
  await surviveUnderLoad(async () => {
    for (const name of ["queue", "queue-2"]) {
      await cluster.restart(name);
      await untilShared();
    }
  });
});

test("an owner that was frozen past its time and goes on cannot claim for what is no more its own (I4)", async () => {
  await surviveUnderLoad(async () => {
    const sinceMs = performance.now();
    cluster.freeze("queue");
    expect(await untilTaken(sinceMs)).toBeLessThan(TAKEOVER_MS);
    cluster.thaw("queue");
  });
});
