import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PlannedWorker, planWorkers, type PoolView, tenureMs } from "./pool-plan.ts";

function view(parts: Partial<PoolView>): PoolView {
  return { nowMs: 10_000, slots: 2, workers: [], demands: [], lastUsedKind: undefined, resting: new Set(), ...parts };
}

function worker(id: string, kind: string, state: PlannedWorker["state"], idleSinceMs = 0): PlannedWorker {
  return { id, kind, state, idleSinceMs, tenureEndMs: 0 };
}

const nothing = { start: [], stop: [], isPlaceOwed: false };

const waiting = (kind: string, count = 1, oldestWaitMs = 0) => ({ kind, waiting: count, oldestWaitMs });

describe("starting", () => {
  it("starts a worker for a lease that has none", () => {
    expect(planWorkers(view({ demands: [waiting("a")] }))).toEqual({ ...nothing, start: ["a"] });
  });

  it("counts workers that are starting or idle as being there", () => {
    for (const state of ["starting", "idle"] as const) {
      const plan = planWorkers(view({ workers: [worker("1", "a", state)], demands: [waiting("a")] }));
      expect(plan).toEqual(nothing);
    }
  });

  it("starts no more than slots and spare, for however many leases", () => {
    expect(planWorkers(view({ demands: [waiting("a", 500)] })).start).toEqual(["a", "a", "a"]);
  });

  it("serves the version that has waited longest first", () => {
    const demands = [waiting("young", 9, 10), waiting("old", 1, 20)];
    expect(planWorkers(view({ slots: 1, demands })).start).toEqual(["old", "young"]);
  });

  it("leaves a version alone that could not be started a moment ago", () => {
    const plan = planWorkers(view({ demands: [waiting("a")], lastUsedKind: "a", resting: new Set(["a"]) }));
    expect(plan).toEqual(nothing);
  });
});

describe("making room", () => {
  it("ends idle workers when suspended ones have come back, so that there are more than there should be", () => {
    const workers = [
      worker("1", "a", "busy"),
      worker("2", "a", "busy"),
      worker("3", "a", "idle", 9),
      worker("4", "b", "idle"),
    ];
    expect(planWorkers(view({ workers, demands: [waiting("a")], lastUsedKind: "a" }))).toEqual({
      ...nothing,
      stop: ["4"],
    });
    const all = workers.map((each) => ({ ...each, state: "busy" as const }));
    expect(planWorkers(view({ workers: all }))).toEqual(nothing);
  });

  it("ends the longest idle worker of a version nobody waits for", () => {
    const workers = [worker("1", "b", "idle", 20), worker("2", "b", "idle", 10), worker("3", "a", "busy")];
    expect(planWorkers(view({ workers, demands: [waiting("a")] }))).toEqual({ ...nothing, start: ["a"], stop: ["2"] });
  });

  it("takes a place from a version with work only for one that has no worker and has waited", () => {
    const workers = [worker("1", "b", "idle"), worker("2", "b", "busy"), worker("3", "b", "busy")];
    const demands = (waitMs: number) => [waiting("b", 50, 90), waiting("a", 1, waitMs)];
    expect(planWorkers(view({ workers, demands: demands(50) }))).toEqual(nothing);
    expect(planWorkers(view({ workers, demands: demands(150) }))).toEqual({ ...nothing, start: ["a"], stop: ["1"] });
  });

  it("owes it the place of a busy one when none is idle, and gives it when an attempt has ended", () => {
    const busy = [worker("1", "b", "busy", 5), worker("2", "b", "busy", 6), worker("3", "b", "busy", 7)];
    const demands = [waiting("b", 50, 10), waiting("a", 1, 150)];
    expect(planWorkers(view({ workers: busy, demands }))).toEqual({ ...nothing, isPlaceOwed: true });
    const ended = [...busy.slice(1), worker("1", "b", "idle", 8)];
    expect(planWorkers(view({ workers: ended, demands }))).toEqual({ ...nothing, start: ["a"], stop: ["1"] });
  });

  it("takes it from nobody whose tenure is not over, and first from the version that has the most", () => {
    const young = { ...worker("1", "b", "idle", 5), tenureEndMs: 10_001 };
    const workers = [young, worker("2", "c", "idle", 6), worker("3", "b", "idle", 7)];
    const demands = [waiting("a", 1, 150), waiting("b"), waiting("c")];
    expect(planWorkers(view({ workers, demands })).stop).toEqual(["3"]);
    const allYoung = workers.map((each) => ({ ...each, tenureEndMs: 10_001 }));
    expect(planWorkers(view({ workers: allYoung, demands }))).toEqual({ ...nothing, isPlaceOwed: true });
  });

  it("lets a version that has a worker grow only at the cost of those that nobody has needed for half a second", () => {
    const workers = (idleSinceMs: number) => [
      worker("1", "a", "busy"),
      worker("2", "b", "idle", idleSinceMs),
      worker("3", "b", "idle", idleSinceMs),
    ];
    const demands = [waiting("a", 10, 400)];
    expect(planWorkers(view({ workers: workers(9_501), demands }))).toEqual(nothing);
    expect(planWorkers(view({ workers: workers(9_500), demands })).start).toEqual(["a", "a"]);
  });
  it("lets a version whose worker is at a long run grow at the cost of one with more workers than find a slot, until they have as many", () => {
    const others = ["3", "4", "5"].map((id) => worker(id, "b", "busy"));
    const workers = (idleSinceMs: number) => [
      worker("1", "a", "busy"),
      worker("2", "b", "idle", idleSinceMs),
      ...others.slice(0, 2),
    ];
    const demands = [waiting("b", 50, 90), waiting("a", 9, 10)];
    const plan = (all: PlannedWorker[]) => planWorkers(view({ slots: all.length - 1, workers: all, demands }));
    expect(plan(workers(9_501))).toEqual(nothing);
    expect(plan(workers(9_500))).toEqual({ ...nothing, start: ["a"], stop: ["2"] });
    const even = [worker("1", "a", "busy"), worker("2", "a", "idle"), ...others.slice(0, 2)];
    expect(plan(even)).toEqual(nothing);
    expect(plan([worker("1", "a", "busy"), worker("2", "b", "idle"), others[0] as PlannedWorker])).toEqual(nothing);
    expect(plan([worker("1", "a", "busy"), worker("2", "a", "idle"), ...others])).toEqual(nothing);
  });
});

it("a tenure is four starts long, and half a second at least", () => {
  expect(tenureMs(20)).toBe(500);
  expect(tenureMs(1_000)).toBe(4_000);
});

describe("the spare", () => {
  it("is of the version used last, and there is one", () => {
    const workers = [worker("1", "a", "busy")];
    expect(planWorkers(view({ workers, lastUsedKind: "a" })).start).toEqual(["a"]);
    const withSpare = [...workers, worker("2", "a", "idle")];
    expect(planWorkers(view({ workers: withSpare, lastUsedKind: "a" })).start).toEqual([]);
  });

  it("stands beside full slots, but is never a second one", () => {
    const workers = [worker("1", "a", "busy"), worker("2", "a", "busy")];
    expect(planWorkers(view({ workers, lastUsedKind: "a" })).start).toEqual(["a"]);
    const full = [...workers, worker("3", "a", "starting")];
    expect(planWorkers(view({ workers: full, lastUsedKind: "a" })).start).toEqual([]);
  });

  it("does not cost anybody a place", () => {
    const workers = [worker("1", "b", "idle"), worker("2", "b", "idle"), worker("3", "a", "busy")];
    expect(planWorkers(view({ workers, lastUsedKind: "a" }))).toEqual(nothing);
  });
});

it("whatever is waiting: never more processes than slots and spare, nothing ended twice, every version gets its turn", () => {
  const bundle = fc.constantFrom("a", "b", "c", "d");
  const arbitrary = fc.record({
    slots: fc.integer({ min: 1, max: 5 }),
    workers: fc.array(fc.record({ kind: bundle, state: fc.constantFrom("starting", "idle", "busy") }), {
      maxLength: 6,
    }),
    demands: fc.uniqueArray(
      fc.record({
        kind: bundle,
        waiting: fc.integer({ min: 1, max: 200 }),
        oldestWaitMs: fc.integer({ min: 0, max: 300 }),
      }),
      { selector: (demand) => demand.kind },
    ),
    lastUsedKind: fc.option(bundle, { nil: undefined }),
  });
  fc.assert(
    fc.property(arbitrary, ({ workers: made, ...rest }) => {
      const limit = rest.slots + 1;
      const workers = made.slice(0, limit).map(({ kind, state }, index) => worker(String(index), kind, state, index));
      const { start, stop, isPlaceOwed } = planWorkers(view({ ...rest, workers }));
      const stopped = workers.filter(({ id }) => stop.includes(id));
      expect(new Set(stop).size).toBe(stop.length);
      expect(stopped.every(({ state }) => state === "idle")).toBe(true);
      expect(workers.length - stopped.length + start.length).toBeLessThanOrEqual(limit);
      const longest = rest.demands.toSorted((left, right) => right.oldestWaitMs - left.oldestWaitMs)[0];
      if (longest === undefined || longest.oldestWaitMs < 100) return;
      const isServed = workers.some(({ kind }) => kind === longest.kind) || start.includes(longest.kind);
      expect(isServed || isPlaceOwed).toBe(true);
    }),
  );
});
