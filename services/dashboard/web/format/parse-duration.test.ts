import { expect, it } from "vitest";
import { DURATION_PATTERN, parseDuration } from "./parse-duration.ts";

const pattern = new RegExp(`^(?:${DURATION_PATTERN})$`, "v");

it.each([
  ["250ms", 250],
  ["90s", 90_000],
  ["10 min", 600_000],
  ["10m", 600_000],
  ["1h 30m", 5_400_000],
  [" 1.5d ", 129_600_000],
])("%j is a duration", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
  expect(text).toMatch(pattern);
});

it.each(["", "10", "m", "10 weeks", "-5s", "5s!", "1h,5m"])("%j is no duration", (text) => {
  expect(parseDuration(text)).toBeUndefined();
  expect(text).not.toMatch(pattern);
});
