import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CronRule,
  findCronProblem,
  isTimezone,
  latestTick,
  listTimezones,
  nextTick,
  upcomingTicks,
} from "./cron.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse("2026-01-01T00:00:00Z");
const ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"];

const rule = (expression: string, timezone = "UTC"): CronRule => ({ expression, timezone });
const ticks = (of: CronRule, after: string, count: number): string[] =>
  upcomingTicks(of, Date.parse(after), count).map((ms) => new Date(ms).toISOString());

const clocks = new Map(
  ZONES.map((zone) => [
    zone,
    new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" }),
  ]),
);

/** What a clock on the wall shows. */
function wall(ms: number, timezone: string): { day: string; time: string } {
  const text = clocks.get(timezone)?.format(ms) ?? "";
  return { day: text.slice(0, 10), time: text.slice(11, 16) };
}

/** The first moment of a day at or after a time on the wall. */
function firstMomentAt(day: string, time: string, timezone: string): number {
  for (let ms = Date.parse(`${day}T00:00:00Z`) - DAY_MS / 2; ; ms += 60_000) {
    const shown = wall(ms, timezone);
    if (shown.day === day && shown.time >= time) return ms;
  }
}

describe("a time of day", () => {
  it.each(ZONES)(
    "ticks once on each day of five years in %s: at its time, or at the first moment after a gap",
    (timezone) => {
      const startMs = Date.parse("2024-01-01T12:00:00Z");
      for (const time of ["01:45", "02:15"]) {
        const [hour = "", minute = ""] = time.split(":");
        const all = upcomingTicks(rule(`${Number(minute)} ${Number(hour)} * * *`, timezone), startMs, 1_826);
        const shown = all.map((ms) => wall(ms, timezone));
        const days = shown.map(({ day }) => day);
        expect(new Set(days).size).toBe(days.length);
        expect(Date.parse(days.at(-1) ?? "") - Date.parse(days[0] ?? "")).toBe(1_825 * DAY_MS);
        // Looking for the moment is slow; where the clock shows the time a day after the last tick, it can be no other.
        const odd = all.flatMap((ms, index) => {
          const { day = "", time: shownTime = "" } = shown[index] ?? {};
          return shownTime === time && ms - (all[index - 1] ?? ms) === DAY_MS ? [] : [{ day, ms }];
        });
        expect(odd).toEqual(odd.map(({ day }) => ({ day, ms: firstMomentAt(day, time, timezone) })));
      }
    },
  );
});

describe("the first tick after a moment", () => {
  it("is after it, never at it", () => {
    const at = Date.parse("2026-05-05T05:05:00Z");
    expect(nextTick(rule("5 5 * * *"), at)).toBe(at + DAY_MS);
    expect(nextTick(rule("5 5 * * *"), at - 1)).toBe(at);
  });

  it("may be years away", () => {
    expect(ticks(rule("0 0 29 2 *"), "2026-01-01T00:00:00Z", 2)).toEqual([
      "2028-02-29T00:00:00.000Z",
      "2032-02-29T00:00:00.000Z",
    ]);
  });
});

describe("the latest tick", () => {
  const anyRule = fc.record({
    expression: fc.constantFrom(
      "* * * * *",
      "*/7 * * * *",
      "30 2 * * *",
      "0 9-17 * * 1-5",
      "0 0 1 * *",
      "15 3 29 2 *",
      "* * * 1 *",
    ),
    timezone: fc.constantFrom(...ZONES),
  });

  it("has none between it and now, however long the downtime was", () => {
    fc.assert(
      fc.property(anyRule, fc.integer({ min: 0, max: 5 * 365 * DAY_MS }), (of, downtimeMs) => {
        const firstMs = nextTick(of, NOW_MS) ?? 0;
        const latestMs = latestTick(of, firstMs, firstMs + downtimeMs);
        expect(latestMs).toBeGreaterThanOrEqual(firstMs);
        expect(latestMs).toBeLessThanOrEqual(firstMs + downtimeMs);
        expect(nextTick(of, latestMs)).toBeGreaterThan(firstMs + downtimeMs);
        expect(nextTick(of, latestMs - 1)).toBe(latestMs);
      }),
      { numRuns: 30 },
    );
  });
});

describe("a rule is refused", () => {
  it.each([
    "",
    "a",
    "* * * *",
    "* * * * * *",
    "@daily",
    "99 * * * *",
    "* 24 * * *",
    "*/0 * * * *",
    "? * * * *",
    " * * * * *",
    "*\u0000 * * * *",
    "5-1 * * * *",
    "> * * * *",
    "1,".repeat(64) + "1 * * * *",
  ])("when its expression is nonsense: %j", (expression) => {
    expect(findCronProblem(rule(expression), NOW_MS)).toMatchObject({ part: "expression" });
  });

  it("when it never ticks", () => {
    expect(findCronProblem(rule("0 0 30 2 *"), NOW_MS)).toMatchObject({
      description: expect.stringContaining("never"),
    });
  });

  it.each(["Mars/Base", "+01:00", "", "UTC\u0000", "*", ">", "a".repeat(65)])(
    "when its zone is unknown: %j",
    (timezone) => {
      expect(findCronProblem(rule("* * * * *", timezone), NOW_MS)).toMatchObject({ part: "timezone" });
    },
  );

  it("otherwise it is not", () => {
    for (const expression of ["* * * * *", "0 9 * * MON-FRI", "0 0 L * *", "0 0 * * FRI#2", "*/5 1,2 1-7 JAN 0"])
      expect(findCronProblem(rule(expression, "Asia/Kolkata"), NOW_MS)).toBeUndefined();
  });
});

it("the zones listed are zones, sorted, UTC among them", () => {
  const zones = listTimezones();
  expect(zones).toEqual(zones.toSorted());
  expect(zones).toContain("UTC");
  for (const zone of zones) expect(isTimezone(zone)).toBe(true);
});
