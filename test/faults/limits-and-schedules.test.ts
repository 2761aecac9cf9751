import { configure, runs, tasks } from "@windlass/sdk";
import { deploy } from "@windlass/sdk/build";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  checkInvariants,
  checkSettled,
  checkTerminalUnchanged,
  findOverruns,
  makeSchedulesDue,
  snapshotTerminal,
  startCluster,
  type TestCluster,
  waitFor,
  waitUntilClean,
} from "../kit/index.ts";
import { findBroken, LIMITED, triggerLoad } from "./load.ts";
import { createRandom } from "./random.ts";
import type { limitedParent } from "./tasks/steady.ts";

const TASKS = fileURLToPath(new URL("tasks", import.meta.url));
const RUNS = 240;
const RUN_MS = 20;
const PARENTS = 6;
const SCHEDULES = 30;
const SCHEDULERS = ["scheduler", "scheduler-2"] as const;

let cluster: TestCluster;
let scheduleIds: string[];

beforeAll(async () => {
  cluster = await startCluster({ instances: { queue: 2, scheduler: 2 } });
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  await deploy(TASKS);
  scheduleIds = await Promise.all(Array.from({ length: SCHEDULES }, (_, n) => createSchedule(n)));
});

afterAll(() => cluster.end());

async function createSchedule(n: number): Promise<string> {
  const { schedule } = await cluster.client().schedules.createSchedule({
    taskId: "ticked",
    cron: { expression: "0 0 1 1 *" }, // never while the test lasts, but for the ticks that it makes
    deduplicationKey: `schedule-${n}`,
  });
  return schedule?.id ?? "";
}

/** How many runs each schedule has made. */
async function countTicks(): Promise<number[]> {
  const statement = {
    name: "faults_ticks",
    text: `select count(c.run_id)::int as ticks from unnest($1::text[]) schedule (id)
      left join run_contents c on c.schedule_id = schedule.id group by schedule.id`,
  };
  return (await cluster.database.query<{ ticks: number }>(statement, [scheduleIds])).map(({ ticks }) => ticks);
}

/** Whether every run of a task has ended, and well. */
async function haveCompleted(taskId: string): Promise<boolean> {
  const statement = {
    name: "faults_of_task",
    text: "select count(*) filter (where status <> 'COMPLETED')::int as left from runs where task_id = $1",
  };
  return (await cluster.database.query<{ left: number }>(statement, [taskId]))[0]?.left === 0;
}

let rounds = 0;

/** Puts `fault` into the middle of limits, keys, delays, retries, waits and ticks, and demands that each of their promises held. */
async function surviveUnderLoad(fault: () => Promise<void>): Promise<void> {
  const before = await snapshotTerminal(cluster.database);
  rounds += 1;
  const parents = await Promise.all(
    Array.from({ length: PARENTS }, (_, n) =>
      tasks.trigger<typeof limitedParent>("limited-parent", { n: rounds * 100 + n }),
    ),
  );
  await Promise.all(SCHEDULERS.map((name) => cluster.stop(name)));
  await makeSchedulesDue(cluster.database, scheduleIds, 500);
  await Promise.all(SCHEDULERS.map((name) => cluster.start(name)));
  const triggering = triggerLoad(RUNS, RUN_MS);
  await waitFor(
    "the load to be under way",
    async () => (await snapshotTerminal(cluster.database)).size > before.size + RUNS / 10,
  );
  await fault();
  expect(await findBroken(await triggering)).toEqual([]);
  for (const parent of parents) expect(await runs.poll(parent)).toMatchObject({ status: "COMPLETED" });
  await waitFor("every schedule to have ticked", async () => (await countTicks()).every((ticks) => ticks >= rounds));
  await waitFor("the ticks' runs to have ended", () => haveCompleted("ticked"));
  expect(await countTicks()).toEqual(scheduleIds.map(() => rounds));
  expect(await findOverruns(cluster.database, LIMITED)).toEqual([]);
  expect(await findOverruns(cluster.database, { queue: "family", limit: 1 })).toEqual([]);
  expect(await checkInvariants(cluster.database)).toEqual([]);
  expect(await checkTerminalUnchanged(cluster.database, before)).toEqual([]);
  await waitUntilClean("the cluster to settle", () => checkSettled(cluster.database));
}

test("limits, delays, waits and ticks keep their promises over kill -9 of every service that decides, in turn", async () => {
  await surviveUnderLoad(async () => {
    for (const name of ["queue", "scheduler", "queue-2", "run-store", "scheduler-2"]) {
      await cluster.kill(name);
      await cluster.start(name);
    }
  });
});

test("... over kill -9 at random, several at once", async () => {
  const random = createRandom(4_242);
  await surviveUnderLoad(async () => {
    for (let round = 0; round < 3; round += 1) {
      const names = [
        ...new Set(
          Array.from({ length: 3 }, () => random.pick(["queue", "queue-2", "scheduler", "scheduler-2", "run-store"])),
        ),
      ];
      await Promise.all(names.map((name) => cluster.kill(name)));
      for (const name of names.toSorted((a) => (a === "run-store" ? -1 : 1))) await cluster.start(name);
    }
  });
});

test("... and over a queue service that is frozen until another has its shards, and goes on", async () => {
  await surviveUnderLoad(async () => {
    cluster.freeze("queue");
    const statement = {
      name: "faults_owners",
      text: "select count(distinct owner)::int as owners from queue_epochs where owner <> ''",
    };
    await waitFor("the other to have every shard", async () => {
      const [row] = await cluster.database.query<{ owners: number }>(statement);
      return row?.owners === 1;
    });
    cluster.thaw("queue");
  });
});

test("... and with nats-server stopped (I9)", async () => {
  await surviveUnderLoad(() => cluster.stop("nats"));
  await cluster.start("nats");
});
