import { expect, it } from "vitest";
import { defaultMachine } from "./driver/machine.ts";
import { recycleReason } from "./recycle-policy.ts";

const fresh = { runs: 0, ageMs: 0, residentBytes: 60 * 1024 * 1024, supersededIdleMs: 0 };

it("replaces a worker after 10,000 runs, an hour, or when it has grown to most of its machine's memory", () => {
  expect(recycleReason(fresh, defaultMachine)).toBeUndefined();
  expect(recycleReason({ ...fresh, runs: 10_000 }, defaultMachine)).toBe("runs");
  expect(recycleReason({ ...fresh, ageMs: 3_600_000 }, defaultMachine)).toBe("age");
  expect(recycleReason({ ...fresh, residentBytes: 420 * 1024 * 1024 }, defaultMachine)).toBe("memory");
  expect(recycleReason({ ...fresh, residentBytes: undefined }, defaultMachine)).toBeUndefined();
});

it("ends a worker of a version that has been superseded when nothing has needed it for ten seconds", () => {
  expect(recycleReason({ ...fresh, supersededIdleMs: 9_999 }, defaultMachine)).toBeUndefined();
  expect(recycleReason({ ...fresh, supersededIdleMs: 10_000 }, defaultMachine)).toBe("superseded");
});
