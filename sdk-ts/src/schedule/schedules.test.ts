import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ScheduleType } from "@windlass/proto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { close, configure, schedules } from "../index.ts";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";

const options = { task: "report", cron: "0 9 * * 1-5", deduplicationKey: "user-1" };
let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
  configure({ url: cluster.url, apiKey: API_KEY });
});

afterEach(async () => {
  await close();
  cluster.kill();
});

describe("a schedule", () => {
  it("is made, and told in full", async () => {
    const made = await schedules.create({ ...options, timezone: "Europe/Berlin", externalId: "user-1" });
    expect(made).toEqual({
      id: "sched_1",
      type: "IMPERATIVE",
      task: "report",
      cron: "0 9 * * 1-5",
      timezone: "Europe/Berlin",
      catchUp: "latest",
      active: true,
      deduplicationKey: "user-1",
      externalId: "user-1",
      createdAt: new Date(0),
    });
    expect(await schedules.retrieve(made)).toEqual(made);
  });

  it("makes up for missed ticks as it is told, and keeps that when something else changes", async () => {
    const { id } = await schedules.create({ ...options, catchUp: "all" });
    expect(await schedules.update(id, { cron: "0 10 * * *" })).toMatchObject({ cron: "0 10 * * *", catchUp: "all" });
    expect(await schedules.update(id, { catchUp: "none" })).toMatchObject({ cron: "0 10 * * *", catchUp: "none" });
  });

  it("is in UTC unless told", async () => {
    expect(await schedules.create(options)).toMatchObject({ timezone: "UTC" });
  });

  it("of the same deduplication key is changed instead of made", async () => {
    const { id } = await schedules.create(options);
    expect(await schedules.create({ ...options, cron: " 0  10 * * * " })).toMatchObject({ id, cron: "0 10 * * *" });
    expect(cluster.schedules.size).toBe(1);
  });

  it("keeps what an update leaves out: the zone, the expression, the external id", async () => {
    const { id } = await schedules.create({ ...options, timezone: "Europe/Berlin", externalId: "user-1" });
    expect(await schedules.update(id, { cron: "0 10 * * *" })).toMatchObject({
      cron: "0 10 * * *",
      timezone: "Europe/Berlin",
      externalId: "user-1",
    });
    expect(await schedules.update(id, { timezone: "UTC" })).toMatchObject({ cron: "0 10 * * *", timezone: "UTC" });
    const { externalId } = await schedules.update(id, { externalId: "", task: "other" });
    expect(externalId).toBeUndefined();
    expect(await schedules.retrieve(id)).toMatchObject({ task: "other", cron: "0 10 * * *" });
  });

  it("is deactivated, activated and removed, twice too", async () => {
    const { id } = await schedules.create(options);
    expect(await schedules.deactivate(id)).toMatchObject({ active: false });
    expect(await schedules.activate({ id })).toMatchObject({ active: true, nextRun: new Date(60_000) });
    await schedules.del(id);
    await schedules.del(id);
    await expect(schedules.retrieve(id)).rejects.toMatchObject({ reason: "SCHEDULE_NOT_FOUND" });
  });

  it("that a task declares is not changed from outside", async () => {
    const declared = { taskId: "report", cron: { expression: "0 9 * * *", timezone: "" } };
    cluster.schedules.set("sched_9", {
      ...declared,
      id: "sched_9",
      type: ScheduleType.DECLARATIVE,
      lastTime: timestampFromMs(1_000),
    });
    expect(await schedules.retrieve("sched_9")).toMatchObject({ type: "DECLARATIVE", lastRun: new Date(1_000) });
    await expect(schedules.update("sched_9", { externalId: "x" })).rejects.toMatchObject({
      reason: "SCHEDULE_DECLARATIVE",
    });
    await expect(schedules.del("sched_9")).rejects.toMatchObject({ reason: "SCHEDULE_DECLARATIVE" });
  });

  it.each([
    ["task", ""],
    ["cron", "whenever"],
    ["cron", "* * * * * *"],
    ["cron", "@daily"],
    ["cron", "0 0 ? * *"],
    ["cron", `${"0,".repeat(70)}0 * * * *`],
    ["cron", "61 * * * *"],
    ["cron", "*/0 * * * *"],
    ["cron", "0 0 31 2 *"],
    ["cron", undefined],
    ["timezone", "Mars/Phobos"],
    ["timezone", "+01:00"],
    ["timezone", ""],
    ["catchUp", "some"],
    ["catchUp", "toString"],
    ["deduplicationKey", ""],
    ["deduplicationKey", undefined],
    ["deduplicationKey", "x".repeat(129)],
    ["externalId", "a\0b"],
    ["zone", "UTC"],
  ])("with %s %j is refused before anything is sent", async (name, value) => {
    await expect(schedules.create({ ...options, [name]: value })).rejects.toMatchObject({
      reason: "FIELD_INVALID",
      violations: [{ field: `options.${name}` }],
    });
    expect(cluster.schedules.size).toBe(0);
  });
});

it("schedules are listed, newest first, of one task or all", async () => {
  await schedules.create(options);
  await schedules.create({ ...options, task: "other", deduplicationKey: "user-2" });
  expect((await schedules.list()).data.map(({ id }) => id)).toEqual(["sched_2", "sched_1"]);
  expect((await schedules.list({ task: "report" })).data.map(({ id }) => id)).toEqual(["sched_1"]);
});

it("time zones are listed", async () => {
  expect(await schedules.timezones()).toEqual({ timezones: ["Europe/Berlin", "UTC"] });
});
