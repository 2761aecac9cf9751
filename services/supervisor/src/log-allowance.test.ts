import { expect, it } from "vitest";
import { LogAllowance } from "./log-allowance.ts";
import { attemptLimits } from "./worker-limits.ts";

const { logRecords, logRecordsPerSecond, logRecordsInAll, logBytes, logBytesPerSecond } = attemptLimits;

function takeMany(allowance: LogAllowance, count: number, nowMs: number, sizeBytes = 10) {
  const counts = { keep: 0, drop: 0, "drop-and-say": 0 };
  for (let nth = 0; nth < count; nth += 1) counts[allowance.take(sizeBytes, nowMs)] += 1;
  return counts;
}

it("keeps so many records at once, and so many a second after that", () => {
  const allowance = new LogAllowance(0);
  expect(takeMany(allowance, logRecords + 5, 0)).toEqual({ keep: logRecords, drop: 4, "drop-and-say": 1 });
  expect(allowance).toMatchObject({ dropped: 5, isExceeded: true });
  expect(takeMany(allowance, 1_000, 2_000).keep).toBe(2 * logRecordsPerSecond);
  // However long it was silent, no more than at first.
  expect(takeMany(allowance, 2 * logRecords, 1e9).keep).toBe(logRecords);
});

it("counts bytes as well", () => {
  const allowance = new LogAllowance(0);
  const size = 32 * 1024;
  expect(takeMany(allowance, 1_000, 0, size).keep).toBe(logBytes / size);
  expect(takeMany(allowance, 1_000, 3_000, size).keep).toBe((3 * logBytesPerSecond) / size);
});

it("says that records are dropped at most every ten seconds, and once when no more are kept at all", () => {
  const allowance = new LogAllowance(0);
  takeMany(allowance, logRecords, 0);
  const said = [0, 1, 9_999, 10_000, 19_999].map((nowMs) => takeMany(allowance, 2_000, nowMs)["drop-and-say"]);
  expect(said).toEqual([1, 0, 0, 1, 0]);
});

it("has an end: a run that logs for ever keeps so many in all", () => {
  const allowance = new LogAllowance(0);
  let kept = 0;
  for (let nth = 0; nth < 100; nth += 1) kept += takeMany(allowance, 5_000, nth * 1e6).keep;
  expect(kept).toBe(logRecordsInAll);
  expect(takeMany(allowance, 10, 1e12)).toEqual({ keep: 0, drop: 10, "drop-and-say": 0 });
});

it("is not given more by a clock that was put back", () => {
  const allowance = new LogAllowance(1e6);
  takeMany(allowance, logRecords, 1e6);
  expect(takeMany(allowance, 10, 0).keep).toBe(0);
  expect(takeMany(allowance, 1_000, 1_000).keep).toBe(logRecordsPerSecond);
});
