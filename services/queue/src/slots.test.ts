import { expect, test } from "vitest";
import { Slots } from "./slots.ts";

function setUp() {
  let inUse = 0;
  const slots = new Slots<string>({ taken: () => (inUse += 1), freed: () => (inUse -= 1) });
  const list = (...leases: [string, string][]): void => {
    for (const [runId, leaseToken] of leases) slots.listed({ runId, leaseToken }, "line");
    slots.listComplete();
  };
  return { slots, list, inUse: () => inUse };
}

test("a slot is in use from before the claim is sent until the lease is over", () => {
  const { slots, inUse } = setUp();
  slots.begin("run", "line");
  expect(inUse()).toBe(1);
  slots.claimed("run", "token");
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
  slots.claimed("run", "token");
  expect(inUse()).toBe(0);
});

test("a lease that was over before its list came is not counted", () => {
  const { slots, list, inUse } = setUp();
  slots.freed("run", "token");
  list(["run", "token"], ["other", "its token"]);
  expect(inUse()).toBe(1);
});

test("a lease whose notice was lost is over when two lists in a row lack it", () => {
  const { list, inUse } = setUp();
  list(["run", "token"]);
  list();
  expect(inUse()).toBe(1);
  list();
  expect(inUse()).toBe(0);
});

test("a lease that was answered while a list was under way is not over because that list, or the next, lacks it", () => {
  const { slots, list, inUse } = setUp();
  list();
  slots.begin("run", "line");
  slots.claimed("run", "token");
  list();
  list();
  expect(inUse()).toBe(1);
  list(["run", "token"]);
  list();
  expect(inUse()).toBe(1);
});

test("a run has one slot, also when a list has the lease whose claim is not answered yet", () => {
  const { slots, list, inUse } = setUp();
  slots.begin("run", "line");
  list(["run", "token"]);
  expect(inUse()).toBe(1);
  slots.claimed("run", "token");
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
