import { timestampDate } from "@bufbuild/protobuf/wkt";
import { ErrorReason, type Schedule, ScheduleType } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { configure, runs, type RunSnapshot } from "@windlass/sdk";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  checkSettled,
  type Clients,
  makeSchedulesDue,
  startCluster,
  type TestCluster,
  waitFor,
  waitUntilClean,
} from "../kit/index.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SCHEDULERS = ["scheduler", "scheduler-2"] as const;

/** What a scheduled task is told. */
interface Tick {
  readonly scheduleId: string;
  readonly type: string;
  readonly timestamp: Date;
  readonly lastTimestamp?: Date;
  readonly timezone: string;
  readonly externalId?: string;
  readonly upcoming: readonly Date[];
}

let cluster: TestCluster;
let client: Clients;

beforeAll(async () => {
  cluster = await startCluster({ instances: { scheduler: 2 } });
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  client = cluster.client();
  await deployed("before");
});

afterEach(() => waitUntilClean("the cluster to settle", () => checkSettled(cluster.database)));
afterAll(() => cluster.end());

const deployed = (version: "before" | "after") =>
  cluster.deploy(fileURLToPath(new URL(`schedule-tasks/${version}`, import.meta.url)));

let made = 0;

/** An active schedule of `records` that does not tick by itself while a test lasts, unless it is moved. */
async function createSchedule(expression = "0 0 1 1 *", timezone = ""): Promise<Schedule> {
  const { schedule } = await client.schedules.createSchedule({
    taskId: "records",
    cron: { expression, timezone },
    deduplicationKey: `schedule-${(made += 1)}`,
    externalId: "customer 7",
  });
  expect(schedule).toMatchObject({ isActive: true, type: ScheduleType.IMPERATIVE });
  return schedule!;
}

/** The runs that schedules have made, by the schedule's id. */
async function runsOf(scheduleIds: readonly string[]): Promise<Map<string, string[]>> {
  const statement = {
    name: "schedules_runs",
    text: "select schedule_id, run_id from run_contents where schedule_id = any($1::text[]) order by run_id",
  };
  const rows = await cluster.database.query<{ schedule_id: string; run_id: string }>(statement, [scheduleIds]);
  const found = new Map<string, string[]>(scheduleIds.map((id) => [id, []]));
  for (const { schedule_id: scheduleId, run_id: runId } of rows) found.get(scheduleId)?.push(runId);
  return found;
}

const stopSchedulers = () => Promise.all(SCHEDULERS.map((name) => cluster.stop(name)));
const startSchedulers = () => Promise.all(SCHEDULERS.map((name) => cluster.start(name)));

/** Moves the next ticks while no scheduler is there, and starts both again. Gives the ticks by schedule. */
async function tickAt(ids: readonly string[], inMs: number): Promise<Map<string, Date>> {
  await stopSchedulers();
  const ticks = await makeSchedulesDue(cluster.database, ids, inMs);
  expect(ticks.size).toBe(ids.length);
  await startSchedulers();
  return ticks;
}

/** Waits until every schedule has ticked, and lets pass the time in which a second scheduler would have done the same again. */
async function untilTicked(ids: readonly string[]): Promise<Map<string, string[]>> {
  await waitFor("every schedule to have ticked", async () =>
    [...(await runsOf(ids)).values()].every(({ length }) => length > 0),
  );
  // The moment of a later tick comes for both: what they knew before it has been applied by then.
  const witness = await createSchedule();
  await tickAt([witness.id], 300);
  await waitFor("a later tick", async () => (await runsOf([witness.id])).get(witness.id)?.length);
  return runsOf(ids);
}

/** The only run of a schedule, ended. */
async function onlyRunOf(id: string): Promise<RunSnapshot & { readonly output: { readonly tick: Tick } }> {
  const found = await waitFor("the schedule's run", async () => (await runsOf([id])).get(id)?.at(0));
  const run = await runs.poll(found);
  expect(run.status).toBe("COMPLETED");
  return run as RunSnapshot & { readonly output: { readonly tick: Tick } };
}

async function reasonOf(promise: Promise<unknown>): Promise<ErrorReason | undefined> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof CallFailure ? error.reason : undefined;
}

describe("a tick", () => {
  test("is a run whose payload says which schedule, when, when last, what comes, and whose it is", async () => {
    // Every five minutes, and not while the test lasts: the next is more than a minute away. The zone is hours and a half from UTC.
    const minute = (new Date().getUTCMinutes() + 2) % 5;
    const schedule = await createSchedule(`${minute}-59/5 * * * *`, "Australia/Lord_Howe");
    const ticks = await tickAt([schedule.id], 200);
    const run = await onlyRunOf(schedule.id);
    expect(run.output).toMatchObject({ areDates: true });
    const { tick } = run.output;
    expect(tick).toMatchObject({
      scheduleId: schedule.id,
      type: "IMPERATIVE",
      timestamp: ticks.get(schedule.id),
      timezone: "Australia/Lord_Howe",
      externalId: "customer 7",
    });
    expect(tick.lastTimestamp).toBeUndefined();
    expect(tick.upcoming).toHaveLength(10);
    const [next] = tick.upcoming;
    expect(tick.upcoming.map(Number)).toEqual(tick.upcoming.map((_, n) => Number(next) + n * 5 * MINUTE_MS));
    const now = await client.schedules.getSchedule({ scheduleId: schedule.id });
    expect(timestampDate(now.schedule!.nextTime!)).toEqual(next);
    expect(timestampDate(now.schedule!.lastTime!)).toEqual(tick.timestamp);
    const { run: stored } = await client.runs.getRun({ runId: run.id });
    expect(stored?.scheduleId).toBe(schedule.id);
    expect(Number(run.createdAt) - Number(tick.timestamp)).toBeGreaterThanOrEqual(0);
    await client.schedules.deleteSchedule({ scheduleId: schedule.id });
  });

  test("is exactly one run with two schedulers", async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => createSchedule()));
    const ids = all.map(({ id }) => id);
    await tickAt(ids, 300);
    const found = await untilTicked(ids);
    expect([...found.values()].map(({ length }) => length)).toEqual(ids.map(() => 1));
  });

  test("is exactly one run when schedulers and run-store are killed in the middle of the ticks", async () => {
    const all = await Promise.all(Array.from({ length: 60 }, () => createSchedule()));
    const ids = all.map(({ id }) => id);
    await tickAt(ids, -1_000);
    await Promise.all([...SCHEDULERS, "run-store"].map((name) => cluster.kill(name)));
    await cluster.start("run-store");
    await startSchedulers();
    const found = await untilTicked(ids);
    expect([...found.values()].map(({ length }) => length)).toEqual(ids.map(() => 1));
    for (const [runId] of found.values()) expect(await runs.poll(runId!)).toMatchObject({ status: "COMPLETED" });
  });

  test("after a downtime comes once, for the latest that was missed, and then the next in its time", async () => {
    // Every hour, half an hour from now: so none comes while the test lasts.
    const latest = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 30 * MINUTE_MS;
    const schedule = await createSchedule(`${new Date(latest).getUTCMinutes()} * * * *`);
    await tickAt([schedule.id], -5 * HOUR_MS);
    const { output } = await onlyRunOf(schedule.id);
    expect(Number(output.tick.timestamp)).toBe(latest);
    const { schedule: now } = await client.schedules.getSchedule({ scheduleId: schedule.id });
    expect(Number(timestampDate(now!.nextTime!))).toBe(latest + HOUR_MS);
    await client.schedules.deleteSchedule({ scheduleId: schedule.id });
    expect((await runsOf([schedule.id])).get(schedule.id)).toHaveLength(1);
  });
});

describe("a schedule", () => {
  test("does not tick while it is not active, and ticks from then on when it is again", async () => {
    const { id } = await createSchedule("* * * * *");
    const { schedule: stopped } = await client.schedules.deactivateSchedule({ scheduleId: id });
    expect(stopped).toMatchObject({ isActive: false });
    expect(stopped?.nextTime).toBeUndefined();
    await client.schedules.deactivateSchedule({ scheduleId: id });
    const { schedule: active } = await client.schedules.activateSchedule({ scheduleId: id });
    expect(Number(timestampDate(active!.nextTime!))).toBeGreaterThan(Date.now() - 1_000);
    await client.schedules.deleteSchedule({ scheduleId: id });
    await client.schedules.deleteSchedule({ scheduleId: id });
    expect(await reasonOf(client.schedules.getSchedule({ scheduleId: id }))).toBe(ErrorReason.SCHEDULE_NOT_FOUND);
  });

  test("with the same deduplication key is the same schedule, changed", async () => {
    const first = await createSchedule();
    const { schedule: second } = await client.schedules.createSchedule({
      taskId: "records",
      cron: { expression: "0 12 * * *", timezone: "America/New_York" },
      deduplicationKey: first.deduplicationKey,
    });
    expect(second).toMatchObject({ id: first.id, cron: { expression: "0 12 * * *", timezone: "America/New_York" } });
    const { schedule: updated } = await client.schedules.updateSchedule({ scheduleId: first.id, externalId: "8" });
    expect(updated).toMatchObject({ externalId: "8", cron: { expression: "0 12 * * *" } });
  });

  test.for<[what: string, change: { expression?: string; timezone?: string; taskId?: string }]>([
    ["a cron expression that is none", { expression: "every day" }],
    ["six fields", { expression: "0 0 0 1 1 *" }],
    ["a minute that does not exist", { expression: "60 * * * *" }],
    ["a day that never comes", { expression: "0 0 30 2 *" }],
    ["an expression of 10 KB", { expression: "1,".repeat(5_000) }],
    ["NUL in the expression", { expression: "* * * * \0" }],
    ["an unknown zone", { timezone: "Mars/Olympus_Mons" }],
    ["an offset for a zone", { timezone: "+01:00" }],
    ["a task that is not there", { taskId: "nobody" }],
  ])("of %s is refused", async ([, { expression = "* * * * *", timezone = "", taskId = "records" }]) => {
    const creating = client.schedules.createSchedule({
      taskId,
      cron: { expression, timezone },
      deduplicationKey: "refused",
    });
    expect(await reasonOf(creating)).toBe(ErrorReason.FIELD_INVALID);
  });

  test("may be in any of the listed zones", async () => {
    const { timezones } = await client.schedules.listTimezones({});
    expect(timezones).toEqual(timezones.toSorted());
    expect(timezones).toEqual(
      expect.arrayContaining(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    );
  });
});

describe("a declared schedule", () => {
  const declared = async (taskId: string): Promise<Schedule | undefined> =>
    (await client.schedules.listSchedules({ taskId })).schedules[0];

  test("comes with its deployment, ticks, and can be paused and not changed", async () => {
    const schedule = await declared("nightly");
    expect(schedule).toMatchObject({
      type: ScheduleType.DECLARATIVE,
      isActive: true,
      cron: { expression: "30 2 * * *", timezone: "Europe/Berlin" },
    });
    const scheduleId = schedule!.id;
    const reasons = [
      client.schedules.updateSchedule({ scheduleId, externalId: "mine" }),
      client.schedules.deleteSchedule({ scheduleId }),
    ].map(reasonOf);
    const declarative = ErrorReason.SCHEDULE_DECLARATIVE;
    expect(await Promise.all(reasons)).toEqual([declarative, declarative]);
    await tickAt([scheduleId], 200);
    const { output } = await onlyRunOf(scheduleId);
    expect(output.tick).toMatchObject({ type: "DECLARATIVE", timezone: "Europe/Berlin" });
    expect((await client.schedules.deactivateSchedule({ scheduleId })).schedule).toMatchObject({ isActive: false });
    expect((await client.schedules.activateSchedule({ scheduleId })).schedule).toMatchObject({ isActive: true });
  });

  test("follows the current deployment: another time with another version, none with one that does not declare it", async () => {
    const before = await declared("nightly");
    await deployed("after");
    expect(await declared("nightly")).toMatchObject({
      id: before!.id,
      isActive: true,
      cron: { expression: "0 3 * * *" },
    });
    const gone = await declared("dropped");
    expect(gone?.isActive ?? false).toBe(false);
    expect(gone?.nextTime).toBeUndefined();
  });
});
