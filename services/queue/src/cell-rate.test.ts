import { expect, test } from "vitest";
import { CellRate } from "./cell-rate.ts";

const rate = { limit: 4, periodMs: 1_000, isPerKey: false };

/** The moments at which one goes, when one always wants to. */
function departures(cells: CellRate, untilMs: number, limit = rate): number[] {
  const times: number[] = [];
  for (let nowMs = 0; nowMs < untilMs; nowMs += 50) {
    while (cells.freeAtMs(limit) <= nowMs) {
      cells.take(limit, nowMs);
      times.push(nowMs);
    }
  }
  return times;
}

test("a burst of up to the limit goes at once, then one after each part of the period", () => {
  expect(departures(new CellRate(-Infinity), 1_001)).toEqual([0, 0, 0, 0, 250, 500, 750, 1_000]);
});

test("an allowance that was not used does not pile up beyond one burst", () => {
  const cells = new CellRate(-Infinity);
  cells.take(rate, 0);
  expect(cells.freeAtMs(rate)).toBeLessThan(0);
  cells.take(rate, 100_000);
  expect(cells.wholeAtMs).toBe(100_250);
});

test("an allowance that is whole in half a period lets half a burst go", () => {
  expect(departures(new CellRate(500), 400)).toEqual([0, 0, 250]);
});

test("what did not begin is given back", () => {
  const cells = new CellRate(-Infinity);
  for (let count = 0; count < 4; count += 1) cells.take(rate, 0);
  expect(cells.freeAtMs(rate)).toBe(250);
  cells.giveBack(rate);
  expect(cells.freeAtMs(rate)).toBe(0);
});

test("when the limit changes nobody waits longer than the new period", () => {
  const cells = new CellRate(1_000_000);
  cells.adopt(rate, 0);
  expect(cells.wholeAtMs).toBe(1_000);
});
