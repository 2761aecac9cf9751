import { expect, test } from "vitest";
import { Slots } from "./slots.ts";

function setUp() {
  let inUse = 0;
  const slots = new Slots<string>({ taken: () => (inUse += 1), freed: () => (inUse -= 1) });
  const listAt = (timeUs: number, ...leases: [string, string][]): void => {
    for (const [runId, leaseToken] of leases) slots.listed({ runId, leaseToken }, "line");
    slots.listComplete(timeUs);
  };
  const list = (...leases: [string, string][]): void => listAt(0, ...leases);
  return { slots, list, listAt, inUse: () => inUse };
}

test("a slot is in use from before the claim is sent until the lease is over", () => {
  const { slots, inUse } = setUp();
  slots.begin("run", "line");
  expect(inUse()).toBe(1);
  slots.claimed("run", "token", 0);
  expect(inUse()).toBe(1);
  slots.freed("run", "another token");
  expect(inUse()).toBe(1);
  slots.freed("run", "token");
  slots.freed("run", "token");
  expect(inUse()).toBe(0);
});

test("a refused claim frees its slot", () => {
  const { slots, inUse } = setUp();
  slots.begin("run", "line");
  slots.refused("run");
  slots.refused("run");
  expect(inUse()).toBe(0);
});

test("word that a lease is over can overtake the answer to its claim", () => {
  const { slots, inUse } = setUp();
  slots.begin("run", "line");
  slots.freed("run", "token");
  expect(inUse()).toBe(1);
  slots.claimed("run", "token", 0);
  expect(inUse()).toBe(0);
});

test("a lease that was over before its list came is not counted", () => {
  const { slots, list, inUse } = setUp();
  slots.freed("run", "token");
  list(["run", "token"], ["other", "its token"]);
  expect(inUse()).toBe(1);
});

test("a lease whose notice was lost is over when a list lacks it that an earlier one had", () => {
  const { slots, list, inUse } = setUp();
  list(["run", "token"]);
  list(["run", "token"]);
  expect(inUse()).toBe(1);
  list();
  expect(inUse()).toBe(0);
  slots.freed("run", "token");
  expect(inUse()).toBe(0);
});

test("a lease that no list has had is over when its claim was stored more than 40 s before one that lacks it", () => {
  const { slots, list, listAt, inUse } = setUp();
  list();
  slots.begin("run", "line");
  slots.claimed("run", "token", 1_000_000);
  for (const timeUs of [0, 1_000_000, 41_000_000]) listAt(timeUs);
  expect(inUse()).toBe(1);
  listAt(41_000_001);
  expect(inUse()).toBe(0);
});

test("a run has one slot, also when a list has the lease whose claim is not answered yet", () => {
  const { slots, list, inUse } = setUp();
  slots.begin("run", "line");
  list(["run", "token"]);
  expect(inUse()).toBe(1);
  slots.claimed("run", "token", 0);
  list(["run", "token"]);
  expect(inUse()).toBe(1);
  expect(slots.holders(() => true, 10)).toEqual(["run"]);
  expect(slots.holders((line) => line === "another line", 10)).toEqual([]);
});

test("a refused claim of a run that a list says is leased leaves that lease its slot", () => {
  const { slots, list, inUse } = setUp();
  slots.begin("run", "line");
  list(["run", "token"]);
  slots.refused("run");
  expect(inUse()).toBe(1);
  slots.freed("run", "token");
  expect(inUse()).toBe(0);
});
