import { expect, test } from "vitest";
import { exactMs, placeBar, tickStepMs, ticksMs } from "./time-scale.ts";

test("a moment keeps what it has beyond the millisecond", () => {
  expect(exactMs({ $typeName: "google.protobuf.Timestamp", seconds: 1_700_000_000n, nanos: 1_500_000 })).toBe(
    1_700_000_000_001.5,
  );
});

test("a bar lies where its time does, and is cut at the edges", () => {
  const scale = { fromMs: 1_000, toMs: 2_000 };
  expect(placeBar(scale, 1_250, 1_500)).toEqual({ left: 25, width: 25 });
  expect(placeBar(scale, 500, 5_000)).toEqual({ left: 0, width: 100 });
});

test("a run that took no time at all has a drawing", () => {
  expect(placeBar({ fromMs: 5, toMs: 5 }, 5, 5)).toEqual({ left: 0, width: 0 });
});

test.each([
  [2.7, 0.5],
  [60, 10],
  [5_000, 1_000],
  [70_000, 15_000],
  [3 * 3_600_000, 1_800_000],
  [20 * 86_400_000, 7 * 86_400_000],
])("%d ms have lines every %d ms: round, and at most six", (spanMs, stepMs) => {
  const scale = { fromMs: 0, toMs: spanMs };
  expect(tickStepMs(scale, 6)).toBe(stepMs);
  expect(ticksMs(scale, stepMs).length).toBeLessThanOrEqual(7);
});
