import { expect, it } from "vitest";
import { createRunIds } from "./run-id.ts";

it("ids grow with every call, within a millisecond, over its end and when the clock is set back", () => {
  const times = [1_000, 1_000, 1_000, 1_001, 900, 900, 1_002];
  let at = 0;
  const ids = createRunIds(() => times[at++] ?? 1_002);
  const made = Array.from({ length: 1_000 }, ids);
  expect(made).toEqual(made.toSorted());
  expect(new Set(made).size).toBe(1_000);
  for (const id of made) expect(id).toMatch(/^run_[0-9a-hjkmnp-tv-z]{26}$/);
});

it("goes on in the next millisecond when one has no number left", () => {
  const ids = createRunIds(
    () => 5,
    (limit) => limit - 1,
  );
  const first = ids();
  const all = [first];
  // The counter starts in the lower half; this one ends at its limit after one step from the top.
  for (let index = 0; index < 3; index += 1) all.push(ids());
  expect(all).toEqual(all.toSorted());
});

it("ids of a later millisecond are greater, whichever process made them", () => {
  const early = createRunIds(() => 1_700_000_000_000)();
  const late = createRunIds(() => 1_700_000_000_001)();
  expect(early < late).toBe(true);
});
