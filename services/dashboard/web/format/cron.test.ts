import { expect, it } from "vitest";
import { nextTicks } from "./cron.ts";

const afterMs = Date.parse("2026-03-28T12:00:00Z");

it("ticks in the schedule's time zone; a time that the change to summer time leaves out is the first moment after the gap", () => {
  const { ticksMs } = nextTicks({ expression: "30 2 * * *", timezone: "Europe/Berlin" }, afterMs, 2);
  expect(ticksMs?.map((ms) => new Date(ms).toISOString())).toEqual([
    "2026-03-29T01:00:00.000Z",
    "2026-03-30T00:30:00.000Z",
  ]);
});

it("says what is wrong with a rule that never ticks, has not five fields, or names no time zone", () => {
  const problemOf = (expression: string, timezone = ""): string | undefined =>
    nextTicks({ expression, timezone }, afterMs, 1).problem;
  expect(problemOf("0 0 30 2 *")).toContain("never");
  expect(problemOf("* * * *")).toContain("Five fields");
  expect(problemOf("99 * * * *")).toBeDefined();
  expect(problemOf("0 0 * * *", "Mars/Olympus")).toBeDefined();
});
