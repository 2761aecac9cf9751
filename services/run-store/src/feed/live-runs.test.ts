import { expect, it } from "vitest";
import { createLiveRuns } from "./live-runs.ts";

it("knows a run from its trigger to its end", () => {
  const live = createLiveRuns();
  live.add("env/run");
  expect(live.has("env/run")).toBe(true);
  live.delete("env/run");
  expect(live.has("env/run")).toBe(false);
});

it("forgets the oldest beyond its limit", () => {
  const live = createLiveRuns(2);
  for (const key of ["a", "b", "c"]) live.add(key);
  expect(["a", "b", "c"].filter((key) => live.has(key))).toEqual(["b", "c"]);
});
