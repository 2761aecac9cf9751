import { timestampMs } from "@bufbuild/protobuf/wkt";
import { CatchUp, type Schedule, ScheduleType } from "@windlass/proto";
import { reasonName } from "@windlass/proto/grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failureOf } from "../testing/failure-of.ts";
import { startStoreServer, type StoreServer, type TestEnvironment } from "../testing/store-server.ts";
import { each, taskDefinition, type UploadMessage, uploadMessages } from "../testing/upload.ts";

let server: StoreServer;
let environment: TestEnvironment;
beforeAll(async () => {
  server = await startStoreServer();
  environment = await server.createEnvironment();
  await deployTasks(environment, { hello: undefined, other: undefined });
});
afterAll(() => server.stop());

interface Cron {
  readonly expression: string;
  readonly timezone?: string;
  readonly catchUp?: CatchUp;
}

interface Wanted {
  readonly taskId?: string;
  readonly cron?: Cron;
  readonly deduplicationKey?: string;
  readonly externalId?: string;
}

let uploads = 0;

/** Deploys tasks with the schedules that they declare. */
async function deployTasks(to: TestEnvironment, tasks: Record<string, Cron | undefined>): Promise<void> {
  const [header, ...chunks] = uploadMessages(Buffer.from(`bundle ${(uploads += 1)}`));
  if (header?.part?.case !== "header") throw new Error("no header");
  const definitions = Object.entries(tasks).map(([id, cron]) => taskDefinition(id, undefined, cron));
  const { bundleHash = "", bundleSize = 0n } = header.part.value;
  const first: UploadMessage = { part: { case: "header", value: { bundleHash, bundleSize, tasks: definitions } } };
  await to.deployments.createDeployment(each([first, ...chunks]));
}

const wanted = (overrides: Wanted = {}): Wanted => ({
  taskId: "hello",
  cron: { expression: "0 9 * * *", timezone: "Europe/Berlin" },
  deduplicationKey: "daily",
  externalId: "user_1",
  ...overrides,
});

async function make(overrides?: Wanted, of = environment): Promise<Schedule> {
  const { schedule } = await of.schedules.createSchedule(wanted(overrides));
  if (schedule === undefined) throw new Error("no schedule was returned");
  return schedule;
}

const nextMs = (schedule: Schedule | undefined): number | undefined =>
  schedule?.nextTime === undefined ? undefined : timestampMs(schedule.nextTime);

describe("CreateSchedule", () => {
  it("makes a schedule that ticks from now on", async () => {
    const schedule = await make({ deduplicationKey: "made" });
    expect(schedule).toMatchObject({
      id: expect.stringMatching(/^sched_/),
      taskId: "hello",
      type: ScheduleType.IMPERATIVE,
      cron: { expression: "0 9 * * *", timezone: "Europe/Berlin" },
      deduplicationKey: "made",
      externalId: "user_1",
      isActive: true,
    });
    expect(nextMs(schedule)).toBeGreaterThan(Date.now());
    expect((await environment.schedules.getSchedule({ scheduleId: schedule.id })).schedule).toEqual(schedule);
  });

  it("keeps what becomes of missed ticks: the latest is made up for unless told", async () => {
    const deduplicationKey = "caught-up";
    expect((await make({ deduplicationKey })).cron?.catchUp).toBe(CatchUp.LATEST);
    const cron = { expression: "0 9 * * *", catchUp: CatchUp.ALL };
    const { id: scheduleId } = await make({ deduplicationKey, cron });
    const taskId = "other";
    expect((await environment.schedules.updateSchedule({ scheduleId, taskId })).schedule?.cron).toMatchObject(cron);
    const failure = await failureOf(make({ deduplicationKey, cron: { ...cron, catchUp: 9 as CatchUp } }));
    expect(failure.violations).toMatchObject([{ field: "cron.catch_up" }]);
  });

  it("with a key that is taken changes that schedule, also when many do at one moment", async () => {
    const schedules = await Promise.all(
      Array.from({ length: 20 }, () => make({ deduplicationKey: "same", cron: { expression: "0 8 * * *" } })),
    );
    expect(new Set(schedules.map(({ id }) => id)).size).toBe(1);
    const changed = await make({ deduplicationKey: "same", taskId: "other", externalId: "" });
    expect(changed).toMatchObject({
      id: schedules[0]?.id,
      taskId: "other",
      externalId: "",
      cron: { expression: "0 9 * * *" },
    });
  });

  it("with an unchanged rule leaves a tick that is due", async () => {
    const { id } = await make({ deduplicationKey: "due" });
    await server.postgres.query({ name: "", text: "UPDATE schedules SET next_time = 'epoch' WHERE id = $1" }, [id]);
    expect(nextMs(await make({ deduplicationKey: "due", externalId: "new" }))).toBe(0);
  });

  it("of one that was deactivated leaves it so", async () => {
    const { id } = await make({ deduplicationKey: "off" });
    await environment.schedules.deactivateSchedule({ scheduleId: id });
    const again = await make({ deduplicationKey: "off", cron: { expression: "1 1 * * *" } });
    expect([again.id, again.isActive, again.nextTime]).toEqual([id, false, undefined]);
  });

  it("takes no time zone for UTC", async () => {
    expect((await make({ deduplicationKey: "utc", cron: { expression: "* * * * *" } })).cron?.timezone).toBe("UTC");
  });

  it("takes keys as they are: *, > and . mean nothing", async () => {
    const ids = await Promise.all(
      ["*", ">", "a.*.b"].map(async (deduplicationKey) => (await make({ deduplicationKey })).id),
    );
    expect(new Set(ids).size).toBe(3);
  });

  it.each<[string, Wanted, string]>([
    ["cron nonsense", { cron: { expression: "every day" } }, "cron.expression"],
    ["six fields", { cron: { expression: "0 * * * * *" } }, "cron.expression"],
    ["a rule that never ticks", { cron: { expression: "0 0 31 2 *" } }, "cron.expression"],
    ["the year 9999", { cron: { expression: "0 0 1 1 * 9999" } }, "cron.expression"],
    ["an unknown zone", { cron: { expression: "* * * * *", timezone: "Mars/Base" } }, "cron.timezone"],
    ["a task that is gone", { taskId: "gone" }, "task_id"],
    ["no key", { deduplicationKey: "" }, "deduplication_key"],
    ["a key with NUL", { deduplicationKey: "a\u0000" }, "deduplication_key"],
    ["a key of 10 KB", { deduplicationKey: "a".repeat(10_240) }, "deduplication_key"],
    ["an external id of 10 KB", { externalId: "a".repeat(10_240) }, "external_id"],
  ])("refuses %s", async (_, overrides, field) => {
    const failure = await failureOf(environment.schedules.createSchedule(wanted(overrides)));
    expect([reasonName(failure.reason), failure.violations.map((violation) => violation.field)]).toEqual([
      "FIELD_INVALID",
      [field],
    ]);
  });

  it("refuses a schedule without a rule", async () => {
    const failure = await failureOf(
      environment.schedules.createSchedule({ taskId: "hello", deduplicationKey: "none" }),
    );
    expect(failure.violations.map((violation) => violation.field)).toEqual(["cron"]);
  });
});

describe("UpdateSchedule", () => {
  it("changes what is given, and a new rule ticks from now on", async () => {
    const { id, nextTime } = await make({ deduplicationKey: "update" });
    const { schedule: same } = await environment.schedules.updateSchedule({ scheduleId: id, taskId: "other" });
    expect(same).toMatchObject({ taskId: "other", externalId: "user_1", nextTime });
    const cron = { expression: "30 1 * * *", timezone: "UTC" };
    const { schedule } = await environment.schedules.updateSchedule({ scheduleId: id, cron, externalId: "" });
    expect(schedule).toMatchObject({ taskId: "other", externalId: "", cron });
    expect(new Date(nextMs(schedule) ?? 0).toISOString()).toMatch(/T01:30:00.000Z$/);
  });

  it("refuses nonsense, a task that is gone, and a schedule that is none", async () => {
    const { id } = await make({ deduplicationKey: "update 2" });
    const update = environment.schedules.updateSchedule.bind(environment.schedules);
    const reasons = await Promise.all([
      failureOf(update({ scheduleId: id, cron: { expression: "x" } })),
      failureOf(update({ scheduleId: id, taskId: "gone" })),
      failureOf(update({ scheduleId: "sched_none" })),
    ]);
    expect(reasons.map(({ reason }) => reasonName(reason))).toEqual([
      "FIELD_INVALID",
      "FIELD_INVALID",
      "SCHEDULE_NOT_FOUND",
    ]);
  });
});

describe("a schedule", () => {
  it("is deactivated and activated, each as often as one likes, and then ticks from now on", async () => {
    const { id: scheduleId } = await make({ deduplicationKey: "switch" });
    for (const _ of [1, 2]) {
      const { schedule } = await environment.schedules.deactivateSchedule({ scheduleId });
      expect([schedule?.isActive, schedule?.nextTime]).toEqual([false, undefined]);
    }
    for (const _ of [1, 2]) {
      const { schedule } = await environment.schedules.activateSchedule({ scheduleId });
      expect(schedule?.isActive).toBe(true);
      expect(nextMs(schedule)).toBeGreaterThan(Date.now());
    }
  });

  it("is deleted once and for all", async () => {
    const { id: scheduleId } = await make({ deduplicationKey: "delete" });
    await environment.schedules.deleteSchedule({ scheduleId });
    await environment.schedules.deleteSchedule({ scheduleId });
    expect(reasonName((await failureOf(environment.schedules.getSchedule({ scheduleId }))).reason)).toBe(
      "SCHEDULE_NOT_FOUND",
    );
  });

  it("tells the scheduler of its next tick as soon as it is made", async () => {
    const due = server.feed.due.subscribe(10);
    const { id } = await make({ deduplicationKey: "told", cron: { expression: "* * * * *" } });
    for await (const [item] of due) {
      expect(item).toMatchObject({
        item: { case: "schedule", value: { environmentId: environment.id, scheduleId: id } },
      });
      expect(Number(item?.dueInMs)).toBeLessThanOrEqual(60_000);
      break;
    }
  });
});

it("ListSchedules pages through schedules, newest first, all or those of a task", async () => {
  const own = await server.createEnvironment();
  await deployTasks(own, { hello: undefined, other: { expression: "0 0 * * *" } });
  const made: string[] = [];
  for (const key of ["a", "b", "c"]) made.unshift((await make({ deduplicationKey: key }, own)).id);
  const listed: string[] = [];
  let pageToken = "";
  do {
    const page = await own.schedules.listSchedules({ pageSize: 2, pageToken });
    listed.push(...page.schedules.map(({ id }) => id));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(listed.slice(0, 3)).toEqual(made);
  expect(listed).toHaveLength(4);
  const { schedules } = await own.schedules.listSchedules({ taskId: "other" });
  expect(schedules).toMatchObject([{ taskId: "other", type: ScheduleType.DECLARATIVE }]);
});

it("ListTimezones lists IANA names", async () => {
  const { timezones } = await environment.schedules.listTimezones({});
  for (const zone of ["UTC", "Europe/Berlin", "Australia/Lord_Howe"]) expect(timezones).toContain(zone);
});

describe("a declarative schedule", () => {
  it("makes up for missed ticks as its version says, in the deployment too", async () => {
    const own = await server.createEnvironment();
    for (const catchUp of [CatchUp.NONE, CatchUp.ALL]) {
      await deployTasks(own, { hello: { expression: "0 4 * * *", catchUp } });
      const { schedules } = await own.schedules.listSchedules({});
      expect(schedules).toMatchObject([{ cron: { catchUp } }]);
      const { deployment } = await own.deployments.getCurrentDeployment({});
      expect(deployment?.tasks).toMatchObject([{ cron: { catchUp } }]);
    }
  });

  const declared = async (of: TestEnvironment): Promise<Schedule> => {
    const { schedules } = await of.schedules.listSchedules({ taskId: "nightly" });
    expect(schedules).toHaveLength(1);
    return schedules[0] as Schedule;
  };

  it("follows the current deployment, and keeps its id however often it changes", async () => {
    const own = await server.createEnvironment();
    await deployTasks(own, { nightly: { expression: "0 3 * * *", timezone: "Europe/Berlin" }, hello: undefined });
    const first = await declared(own);
    expect(first).toMatchObject({
      taskId: "nightly",
      type: ScheduleType.DECLARATIVE,
      cron: { expression: "0 3 * * *", timezone: "Europe/Berlin" },
      deduplicationKey: "",
      isActive: true,
    });
    expect(nextMs(first)).toBeGreaterThan(Date.now());

    await deployTasks(own, { nightly: { expression: "0 4 * * *" }, hello: undefined });
    expect(await declared(own)).toMatchObject({
      id: first.id,
      cron: { expression: "0 4 * * *", timezone: "UTC" },
      isActive: true,
    });

    await deployTasks(own, { hello: undefined });
    const removed = await declared(own);
    expect([removed.id, removed.isActive, removed.nextTime]).toEqual([first.id, false, undefined]);
    const failure = await failureOf(own.schedules.activateSchedule({ scheduleId: first.id }));
    expect(reasonName(failure.reason)).toBe("SCHEDULE_DECLARATIVE");

    await deployTasks(own, { nightly: { expression: "0 4 * * *" } });
    const back = await declared(own);
    expect([back.id, back.isActive]).toEqual([first.id, true]);
    expect(nextMs(back)).toBeGreaterThan(Date.now());
  });

  it("that was deactivated by hand stays so through deployments", async () => {
    const own = await server.createEnvironment();
    await deployTasks(own, { nightly: { expression: "0 3 * * *" } });
    const { id: scheduleId } = await declared(own);
    await own.schedules.deactivateSchedule({ scheduleId });
    for (const cron of [{ expression: "0 4 * * *" }, undefined, { expression: "0 5 * * *" }])
      await deployTasks(own, { hello: undefined, nightly: cron });
    expect(await declared(own)).toMatchObject({ id: scheduleId, isActive: false, cron: { expression: "0 5 * * *" } });
    const { schedule } = await own.schedules.activateSchedule({ scheduleId });
    expect(schedule?.isActive).toBe(true);
  });

  it("keeps a tick that is due when a deployment leaves its rule alone", async () => {
    const own = await server.createEnvironment();
    await deployTasks(own, { nightly: { expression: "0 3 * * *" } });
    const { id } = await declared(own);
    await server.postgres.query({ name: "", text: "UPDATE schedules SET next_time = 'epoch' WHERE id = $1" }, [id]);
    await deployTasks(own, { nightly: { expression: "0 3 * * *" }, hello: undefined });
    expect(nextMs(await declared(own))).toBe(0);
  });

  it("is its task's: it can neither be changed nor deleted", async () => {
    const own = await server.createEnvironment();
    await deployTasks(own, { nightly: { expression: "0 3 * * *" } });
    const { id: scheduleId } = await declared(own);
    const failures = await Promise.all([
      failureOf(own.schedules.updateSchedule({ scheduleId, externalId: "x" })),
      failureOf(own.schedules.deleteSchedule({ scheduleId })),
    ]);
    expect(failures.map(({ reason }) => reasonName(reason))).toEqual(["SCHEDULE_DECLARATIVE", "SCHEDULE_DECLARATIVE"]);
  });

  it("is refused with its deployment when its rule is nonsense", async () => {
    const failure = await failureOf(deployTasks(environment, { nightly: { expression: "0 25 * * *" } }));
    expect(failure.violations.map((violation) => violation.field)).toEqual(["header.tasks[0].cron.expression"]);
  });
});
