import { create } from "@bufbuild/protobuf";
import { ListSupervisorsResponseSchema } from "@windlass/proto";
import { expect, test } from "vitest";
import { machinesText, summaryText } from "./supervisor-text.ts";

test("says how many workers are busy, also when some say nothing or not all were read", () => {
  const text = (init: Parameters<typeof create<typeof ListSupervisorsResponseSchema>>[1]) =>
    summaryText(create(ListSupervisorsResponseSchema, init));
  expect(text({})).toBe("");
  expect(text({ supervisors: [{ executing: 3, capacity: { workers: 1_200 } }] })).toBe(
    "3 of 1,200 workers busy on 1 supervisor",
  );
  expect(text({ supervisors: [{ capacity: { workers: 8 } }, {}], nextPageToken: "x" })).toBe(
    "0 of 8 workers busy on more than 2 supervisors",
  );
});

test("names machines by the smallest and the largest", () => {
  expect(machinesText(undefined)).toBe("–");
  expect(machinesText(["micro"])).toBe("micro");
  expect(machinesText(["micro", "small-1x", "large-2x"])).toBe("micro to large-2x");
});
