import { configure, runs, tasks, wait } from "@windlass/sdk";
import { deploy } from "@windlass/sdk/build";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  checkSettled,
  makeSchedulesDue,
  startCluster,
  type TestCluster,
  waitFor,
  waitUntilClean,
} from "../kit/index.ts";
import type { secondTimeLucky, steady } from "./tasks/steady.ts";

const TASKS = fileURLToPath(new URL("tasks", import.meta.url));
/** "About a second": the run-store that is watched looks once a second, and a busy machine is given as much again. */
const LIMIT_MS = 2_000;

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({ instances: { "run-store": 2 } });
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  await deploy(TASKS);
  await runs.poll(await tasks.trigger<typeof steady>("steady", { n: 0, ms: 0 })); // a warm worker
  await cluster.stop("nats");
});

afterAll(() => cluster.end());

/** Calls the run-store that the scheduler does not watch. */
async function elsewhere<T>(call: () => Promise<T>): Promise<T> {
  configure({ url: cluster.member("run-store-2").address, apiKey: cluster.apiKey });
  try {
    return await call();
  } finally {
    configure({ url: cluster.url, apiKey: cluster.apiKey });
  }
}

/** How long after the moment that its row named the run entered the status. */
async function latenessMs(runId: string, status: string, dueMs: number): Promise<number> {
  const [row] = await cluster.database.query<{ ms: number }>(
    {
      name: "faults_time_of_status",
      text: `select (extract(epoch from max(time)) * 1000)::float8 as ms from run_events where run_id = $1 and status = $2::run_status`,
    },
    [runId, status],
  );
  return (row?.ms ?? Number.NaN) - dueMs;
}

test("with NATS down, a delay that only the other run-store knows ends within about a second of its time, and never before (I9)", async () => {
  const delaysMs = [50, 300, 900, 1_500, 3_500];
  const delayed = await elsewhere(() =>
    Promise.all(
      delaysMs.map(async (delayMs) => {
        const dueMs = Date.now() + delayMs;
        const run = await tasks.trigger<typeof steady>("steady", { n: 1, ms: 0 }, { delay: new Date(dueMs) });
        return { dueMs, run };
      }),
    ),
  );
  for (const { run, dueMs } of delayed) {
    expect(await runs.poll(run)).toMatchObject({ status: "COMPLETED" });
    const lateMs = await latenessMs(run.id, "QUEUED", dueMs);
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(LIMIT_MS);
  }
});

test("... a time to live too", async () => {
  const { id } = await elsewhere(() => tasks.trigger("no-version-knows-this", {}, { ttl: "1s" }));
  const startMs = Date.now();
  expect(await runs.poll(id)).toMatchObject({ status: "EXPIRED" });
  expect(await latenessMs(id, "EXPIRED", startMs + 1_000)).toBeLessThan(LIMIT_MS);
});

test("... a token's timeout too", async () => {
  const token = await elsewhere(() => wait.createToken({ timeout: "1s" }));
  const startMs = Date.now();
  await waitFor("the token to time out", async () => (await wait.retrieveToken(token)).status === "TIMED_OUT", 10_000);
  expect(Date.now() - startMs - 1_000).toBeLessThan(LIMIT_MS);
});

test("... and the first tick of a schedule", async () => {
  const { schedule } = await cluster.client().schedules.createSchedule({
    taskId: "ticked",
    cron: { expression: "0 0 1 1 *" }, // never while the test lasts, but for the tick that it makes
    deduplicationKey: "elsewhere",
  });
  const scheduleId = schedule?.id ?? "";
  const ticks = await makeSchedulesDue(cluster.database, [scheduleId], 1_500);
  const dueMs = ticks.get(scheduleId)?.getTime() ?? Number.NaN;
  const run = await waitFor("the tick's run", async () => {
    const text = "select run_id from run_contents where schedule_id = $1";
    return (await cluster.database.query<{ run_id: string }>({ name: "faults_tick", text }, [scheduleId]))[0];
  });
  expect(await runs.poll(run.run_id)).toMatchObject({ status: "COMPLETED" });
  const lateMs = await latenessMs(run.run_id, "QUEUED", dueMs);
  expect(lateMs).toBeGreaterThanOrEqual(0);
  expect(lateMs).toBeLessThan(LIMIT_MS);
});

test("... and an attempt that is repeated", async () => {
  const { id } = await elsewhere(() => tasks.trigger<typeof secondTimeLucky>("second-time-lucky", { n: 2 }));
  expect(await runs.poll(id)).toMatchObject({ status: "COMPLETED", attemptCount: 2 });
  await waitUntilClean("the cluster to settle", () => checkSettled(cluster.database));
});
