import { CatchUp } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { schedules } from "../index.ts";
import { taskRegistry } from "../task/task-registry.ts";

const run = async (): Promise<void> => {};

describe("schedules.task", () => {
  it("declares a schedule, in UTC or in a time zone", () => {
    schedules.task({ id: "hourly", cron: "0 * * * *", run });
    expect(taskRegistry.get("hourly")).toMatchObject({
      isScheduled: true,
      cron: { expression: "0 * * * *", timezone: "" },
    });
    schedules.task({ id: "daily", cron: { pattern: " 0  9 * * * ", timezone: "Australia/Lord_Howe" }, run });
    expect(taskRegistry.get("daily")?.cron).toEqual({ expression: "0 9 * * *", timezone: "Australia/Lord_Howe" });
  });

  it("says what becomes of ticks that a downtime missed", () => {
    schedules.task({ id: "all", cron: "0 * * * *", catchUp: "all", run });
    expect(taskRegistry.get("all")?.cron).toEqual({ expression: "0 * * * *", timezone: "", catchUp: CatchUp.ALL });
  });

  it.each([
    [
      "a word that means nothing",
      { cron: "0 * * * *", catchUp: "some" },
      'catchUp of task "y" must be "latest", "none" or "all"',
    ],
    ["catchUp without cron", { catchUp: "all" }, 'catchUp of task "y" says nothing without cron'],
  ])("refuses %s", (_, given, problem) => {
    expect(() => schedules.task({ id: "y", ...(given as object), run })).toThrow(problem);
  });

  it("without cron is for schedules made elsewhere", () => {
    schedules.task({ id: "made-elsewhere", run });
    expect(taskRegistry.get("made-elsewhere")).toMatchObject({ isScheduled: true, cron: undefined });
  });

  it("has the options and hooks of any task", () => {
    const onFailure = async (): Promise<void> => {};
    schedules.task({
      id: "hooked",
      cron: "0 * * * *",
      maxDuration: 60,
      queue: { concurrencyLimit: 1 },
      onFailure,
      run,
    });
    expect(taskRegistry.get("hooked")).toMatchObject({ maxDurationS: 60, hooks: { onFailure } });
  });

  it.each([
    ["nonsense", "whenever", 'cron of task "x" must be a cron expression of five fields'],
    ["seconds", "* * * * * *", 'cron of task "x" must be a cron expression of five fields'],
    ["a minute that does not exist", "60 * * * *", "Invalid value for minute: 60"],
    ["a day that never comes", "0 0 31 2 *", "is a moment that never comes"],
    ["a number", 5, 'cron of task "x" must be a cron expression'],
    ["no pattern", { timezone: "UTC" }, 'cron.pattern of task "x" must be a cron expression'],
    ["an unknown zone", { pattern: "0 * * * *", timezone: "Mars/Phobos" }, 'cron.timezone of task "x" must be an IANA'],
    ["an unknown part", { pattern: "0 * * * *", zone: "UTC" }, '"zone" is not an option'],
  ])("refuses %s", (_, cron, problem) => {
    expect(() => schedules.task({ id: "x", cron: cron as never, run })).toThrow(problem);
  });
});
