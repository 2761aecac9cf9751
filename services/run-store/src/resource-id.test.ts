import { expect, it } from "vitest";
import { newResourceId, timeOfResourceId } from "./resource-id.ts";

it("an id is its prefix and 26 digits, tells when it was made, and sorts by that", () => {
  const times = [0, 1_000, 1_700_000_000_000, 1_700_000_000_001];
  const ids = times.map((timeMs) => newResourceId("env", timeMs));
  for (const id of ids) expect(id).toMatch(/^env_[0-9a-hjkmnp-tv-z]{26}$/);
  expect(ids.map(timeOfResourceId)).toEqual(times);
  expect(ids).toEqual(ids.toSorted());
});

it("ids of one millisecond differ", () => {
  expect(new Set(Array.from({ length: 1_000 }, () => newResourceId("key", 5))).size).toBe(1_000);
});
