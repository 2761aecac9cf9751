import { expect, it } from "vitest";
import { backoffMs } from "./backoff.ts";

it("a backoff's bound doubles with each failure, until it is the longest", () => {
  const bounds = [1, 2, 3, 6, 7, 100, 10_000].map((failures) => backoffMs(failures, { random: () => 1 }));
  expect(bounds).toEqual([50, 100, 200, 1_600, 2_000, 2_000, 2_000]);
  expect(backoffMs(3, { firstMs: 10, longestMs: 30, random: () => 1 })).toBe(30);
});

it("a backoff is anything below its bound", () => {
  expect(backoffMs(5, { random: () => 0 })).toBe(0);
  expect(backoffMs(1, { random: () => 0.5 })).toBe(25);
});
