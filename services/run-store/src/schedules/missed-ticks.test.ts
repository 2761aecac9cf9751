import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type CronRule, latestTick, nextTick } from "./cron.ts";
import { MAX_CAUGHT_UP, ticksToMake } from "./missed-ticks.ts";

const HOUR_MS = 3_600_000;

/** Around changes of the clocks in both hemispheres, and anywhere else. */
const starts = fc.oneof(
  fc
    .constantFrom("2026-03-28T20:00:00Z", "2026-10-24T20:00:00Z", "2026-04-04T10:00:00Z")
    .map((text) => Date.parse(text)),
  fc.integer({ min: Date.parse("2024-01-01T00:00:00Z"), max: Date.parse("2030-01-01T00:00:00Z") }),
);
const rules = fc.record({
  expression: fc.constantFrom("* * * * *", "*/7 * * * *", "30 2 * * *", "15 1,2,3 * * *", "0 * * * *", "0 0 1 * *"),
  timezone: fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"),
});

function everyTick(rule: CronRule, firstMs: number, nowMs: number): number[] {
  const ticks: number[] = [];
  for (let ms: number | undefined = firstMs; ms !== undefined && ms <= nowMs; ms = nextTick(rule, ms)) ticks.push(ms);
  return ticks;
}

it("to make up for all is to make every tick from the first that was missed, but of more than a hundred the latest hundred", () => {
  fc.assert(
    fc.property(rules, starts, fc.integer({ min: 0, max: 40 * HOUR_MS }), (rule, startMs, downtimeMs) => {
      const firstMs = nextTick(rule, startMs) ?? 0;
      const nowMs = firstMs + downtimeMs;
      const { atMs, latestMs } = ticksToMake(rule, "ALL", firstMs, nowMs);
      expect(atMs).toEqual(everyTick(rule, firstMs, nowMs).slice(-MAX_CAUGHT_UP));
      expect(latestMs).toBe(atMs.at(-1));
    }),
    { numRuns: 40 },
  );
});

it("to make up for the latest is to make one tick; to make up for none, none but one that is at most a minute late", () => {
  fc.assert(
    fc.property(rules, starts, fc.integer({ min: 0, max: 40 * HOUR_MS }), (rule, startMs, downtimeMs) => {
      const firstMs = nextTick(rule, startMs) ?? 0;
      const nowMs = firstMs + downtimeMs;
      const latestMs = latestTick(rule, firstMs, nowMs);
      expect(ticksToMake(rule, "LATEST", firstMs, nowMs)).toEqual({ atMs: [latestMs], latestMs });
      const { atMs } = ticksToMake(rule, "NONE", firstMs, nowMs);
      expect(atMs).toEqual(nowMs - latestMs <= 60_000 ? [latestMs] : []);
    }),
    { numRuns: 40 },
  );
});
