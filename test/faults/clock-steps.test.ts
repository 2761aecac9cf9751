import { configure, runs, tasks } from "@windlass/sdk";
import { deploy } from "@windlass/sdk/build";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  checkInvariants,
  checkSettled,
  checkTerminalUnchanged,
  createWallClock,
  makeSchedulesDue,
  snapshotTerminal,
  startCluster,
  type TestCluster,
  waitFor,
  waitUntilClean,
  type WallClock,
} from "../kit/index.ts";
import { timeOfResourceId } from "../../services/run-store/src/resource-id.ts";
import { findBroken, triggerLoad } from "./load.ts";
import type { steady } from "./tasks/steady.ts";

const TASKS = fileURLToPath(new URL("tasks", import.meta.url));
const STEP_S = 600;
/** Of runs that hold a lease when the clock is stepped, and go on after it. */
const LONG_MS = 6_000;
const SCHEDULES = 5;
/** "Moments": far less than a step. */
const LATE_LIMIT_MS = 5_000;

let wall: WallClock | undefined;
let whyNot = "";
try {
  wall = await createWallClock();
} catch (error) {
  whyNot = String(error instanceof Error ? error.message : error);
}

afterAll(() => wall?.remove());

/** A step of the database's clock backward is not among them: it is what time it is, so what was due in a second is due in ten minutes and a second. */
describe.each([
  {
    who: "every service",
    isDatabaseStepped: false,
    steps: [
      ["forward", STEP_S],
      ["back to the true time", 0],
      ["back before it", -STEP_S],
      ["forward to the true time", 0],
    ],
  },
  {
    who: "every service and the database",
    isDatabaseStepped: true,
    steps: [
      ["forward", STEP_S],
      ["forward again", 2 * STEP_S],
    ],
  },
] as const)("the wall clock of $who stepped by 10 minutes", ({ isDatabaseStepped, steps }) => {
  let cluster: TestCluster;
  let scheduleIds: string[];

  beforeAll(async () => {
    if (wall === undefined) return;
    wall.set(0);
    cluster = await startCluster({
      instances: { scheduler: 2 },
      env: wall.env,
      ...(isDatabaseStepped && { postgresEnv: wall.env }),
    });
    configure({ url: cluster.url, apiKey: cluster.apiKey });
    await deploy(TASKS);
    scheduleIds = await Promise.all(Array.from({ length: SCHEDULES }, (_, n) => createSchedule(n)));
    await findBroken(await triggerLoad(12, 1)); // warm workers
  });

  afterAll(() => cluster?.end());

  async function createSchedule(n: number): Promise<string> {
    const { schedule } = await cluster.client().schedules.createSchedule({
      taskId: "ticked",
      cron: { expression: "0 0 1 1 *" }, // never while the test lasts, but for the ticks that it makes
      deduplicationKey: `schedule-${n}`,
    });
    return schedule?.id ?? "";
  }

  async function one<Row extends object>(name: string, text: string, values: unknown[] = []): Promise<Row> {
    const [row] = await cluster.database.query<Row>({ name, text }, values);
    if (row === undefined) throw new Error(`${name} has no row`);
    return row;
  }

  const countTicks = async (): Promise<number[]> =>
    Promise.all(
      scheduleIds.map(
        async (id) =>
          (
            await one<{ ticks: number }>(
              "clock_ticks",
              "select count(*)::int as ticks from run_contents where schedule_id = $1",
              [id],
            )
          ).ticks,
      ),
    );

  /** Milliseconds from the moment that a run was due to the one when it went on, by the database. */
  async function latenessMs(runId: string): Promise<number> {
    const text = `select (extract(epoch from e.time - r.queue_time) * 1000)::float8 as ms from runs r
      join run_events e on e.run_id = r.id and e.status = 'QUEUED' where r.id = $1 order by e.first_seq limit 1`;
    return (await one<{ ms: number }>("clock_lateness", text, [runId])).ms;
  }

  /** How far the run-store's clock is from the true one, in seconds: it is in the ids that it makes. */
  async function clockOfRunStore(): Promise<number> {
    const { token } = await cluster.client().waitpoints.createToken({ timeout: durationFromMs(3_600_000) });
    return (timeOfResourceId(token?.id ?? "") - Date.now()) / 1_000;
  }

  let rounds = 0;

  /** Steps the clock in the middle of leases, retries, delays, limits, waits and ticks, and demands that nothing is lost, repeated or late. */
  async function surviveUnderLoad(offsetS: number): Promise<void> {
    const before = await snapshotTerminal(cluster.database);
    rounds += 1;
    const long = await Promise.all(
      [1, 2].map((n) => tasks.trigger<typeof steady>("steady", { n, ms: LONG_MS }, { tags: "long" })),
    );
    await waitFor("the long runs to have leases", async () =>
      (await Promise.all(long.map(({ id }) => runs.retrieve(id)))).every(({ status }) => status === "EXECUTING"),
    );
    const lasting = await tasks.trigger("no-version-knows-this", {}, { ttl: "1h" });
    const farOff = await tasks.trigger<typeof steady>("steady", { n: 0, ms: 0 }, { delay: "1h" });
    await makeSchedulesDue(cluster.database, scheduleIds, 500);
    const triggering = triggerLoad(60, 5);
    const { now: delayedTo } = await one<{ now: Date }>("clock_now", "select now() + interval '2 s' as now");
    const delayed = await tasks.trigger<typeof steady>("steady", { n: 0, ms: 0 }, { delay: delayedTo });
    wall?.set(offsetS);
    await waitFor("the step to be seen", async () => Math.abs((await clockOfRunStore()) - offsetS) < STEP_S / 4);
    expect(await findBroken(await triggering)).toEqual([]);
    await waitFor("every schedule to have ticked", async () => (await countTicks()).every((ticks) => ticks >= rounds));
    expect(await runs.poll(delayed)).toMatchObject({ status: "COMPLETED" });
    expect(await latenessMs(delayed.id)).toBeGreaterThanOrEqual(0);
    // By the database's clock, which the step moves along.
    expect(await latenessMs(delayed.id)).toBeLessThan(LATE_LIMIT_MS + (isDatabaseStepped ? STEP_S * 1_000 : 0));
    // No lease was lost by the step: each ended in its first attempt.
    for (const run of long) expect(await runs.poll(run)).toMatchObject({ status: "COMPLETED", attemptCount: 1 });
    expect(await runs.retrieve(lasting.id)).toMatchObject({ status: "PENDING_VERSION" });
    expect(await runs.retrieve(farOff.id)).toMatchObject({ status: "DELAYED" });
    await Promise.all([lasting, farOff].map(({ id }) => runs.cancel(id)));
    expect(await countTicks()).toEqual(scheduleIds.map(() => rounds));
    expect(await checkInvariants(cluster.database)).toEqual([]);
    expect(await checkTerminalUnchanged(cluster.database, before)).toEqual([]);
    await waitUntilClean("the cluster to settle", () => checkSettled(cluster.database));
  }

  test.for(steps.map((step) => [...step] as const))(
    "%s: nothing is lost, nothing happens twice, no lease expires, nothing is stuck",
    async ([, offsetS], { skip }) => {
      skip(wall === undefined, whyNot);
      await surviveUnderLoad(offsetS);
    },
  );
});
