import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  creditsToGrant,
  leasesWanted,
  longRunMs,
  meanAfterRelease,
  nextMeanRunMs,
  shouldRelease,
  type WorkView,
} from "./credit-policy.ts";

const wanted = (view: Partial<WorkView>) =>
  leasesWanted({ slots: 4, longRuns: 0, meanRunMs: undefined, unserved: 0, ...view });

describe("leases wanted", () => {
  it("are one a slot before anything is known, and for long runs", () => {
    expect(wanted({ meanRunMs: undefined })).toBe(4);
    expect(wanted({ meanRunMs: 60_000 })).toBe(4);
  });

  it("are some 20 to 50 ms of work a slot for short runs, and never more than 100", () => {
    for (const meanRunMs of [0.5, 1, 5]) {
      const workMs = wanted({ slots: 1, meanRunMs }) * meanRunMs;
      expect(workMs).toBeGreaterThanOrEqual(20);
      expect(workMs).toBeLessThanOrEqual(50);
    }
    expect(wanted({ slots: 3, meanRunMs: 0 })).toBe(300);
  });

  it("are one for each slot whose run takes long, whatever the average says", () => {
    expect(wanted({ slots: 3, longRuns: 1, meanRunMs: 0.4 })).toBe(201);
    expect(wanted({ slots: 3, longRuns: 3, meanRunMs: 0.4 })).toBe(3);
  });

  it("may be as many again that wait for their kind's turn at a worker, where a slot is free", () => {
    expect(wanted({ unserved: 1 })).toBe(5);
    expect(wanted({ unserved: 9 })).toBe(8);
    expect(wanted({ longRuns: 4, unserved: 9 })).toBe(4);
  });

  it("are one a slot again after one had to be given back", () => {
    expect(wanted({ meanRunMs: meanAfterRelease(1) })).toBe(4);
    expect(meanAfterRelease(undefined)).toBe(longRunMs);
    expect(meanAfterRelease(900)).toBe(900);
  });
});

it("follows a change of run duration within some dozens of runs", () => {
  let meanMs: number | undefined;
  for (let run = 0; run < 100; run += 1) meanMs = nextMeanRunMs(meanMs, 1);
  expect(meanMs).toBe(1);
  for (let run = 0; run < 40; run += 1) meanMs = nextMeanRunMs(meanMs, 100);
  expect(meanMs).toBeGreaterThan(90);
});

describe("grants", () => {
  it("makes up the whole difference, at once when few are wanted and in lumps when many are", () => {
    expect(creditsToGrant({ wanted: 2, held: 1, granted: 0, streams: 1 })).toBe(1);
    expect(creditsToGrant({ wanted: 200, held: 190, granted: 0, streams: 1 })).toBe(0);
    expect(creditsToGrant({ wanted: 200, held: 100, granted: 50, streams: 1 })).toBe(50);
  });

  it("never lets more be outstanding than is wanted, and never starves", () => {
    const count = fc.integer({ min: 0, max: 10_000 });
    fc.assert(
      fc.property(count, count, count, (wanted, held, granted) => {
        const credits = creditsToGrant({ wanted, held, granted, streams: 1 });
        expect(credits).toBeGreaterThanOrEqual(0);
        expect(credits === 0 || held + granted + credits <= wanted).toBe(true);
        expect(held + granted > 0 || credits === wanted).toBe(true);
      }),
    );
  });
});

describe("grants to several queue services", () => {
  it("are even, with at least one for each as long as there is room", () => {
    expect(creditsToGrant({ wanted: 8, held: 0, granted: 0, streams: 2 })).toBe(4);
    expect(creditsToGrant({ wanted: 2, held: 1, granted: 0, streams: 3 })).toBe(1);
    expect(creditsToGrant({ wanted: 2, held: 2, granted: 0, streams: 3 })).toBe(0);
  });

  it("let any one of them fill the room that the others do not use", () => {
    const count = fc.integer({ min: 1, max: 1_000 });
    fc.assert(
      fc.property(count, fc.integer({ min: 2, max: 8 }), (wanted, streams) => {
        let held = 0;
        let granted = 0;
        for (let step = 0; step < 1_000 && held < wanted; step += 1) {
          const credits = creditsToGrant({ wanted, held, granted, streams });
          expect(granted + credits).toBeLessThanOrEqual(wanted - held);
          // All that was granted is used at once.
          held += granted + credits;
          granted = 0;
        }
        expect(held).toBe(wanted);
      }),
    );
  });
});

it("gives a lease back that waits while nothing moves, or for very long", () => {
  expect(shouldRelease(251, 251)).toBe(true);
  expect(shouldRelease(250, 251)).toBe(false);
  expect(shouldRelease(251, 10)).toBe(false);
  expect(shouldRelease(1_001, 10)).toBe(true);
});

it("gives a lease back later where workers start slowly, for then everything else is slow too; after ten seconds at the latest", () => {
  expect(shouldRelease(1_000, 1_000, { startMs: 1_000 })).toBe(false);
  expect(shouldRelease(1_001, 1_001, { startMs: 1_000 })).toBe(true);
  expect(shouldRelease(4_000, 10, { startMs: 1_000 })).toBe(false);
  expect(shouldRelease(4_001, 10, { startMs: 1_000 })).toBe(true);
  expect(shouldRelease(10_001, 10, { startMs: 20_000 })).toBe(true);
  expect(shouldRelease(251, 251, { startMs: 100 })).toBe(true);
});

it("keeps the lease that room is reserved for up to five seconds", () => {
  expect(shouldRelease(5_000, 5_000, { isNextInReserve: true })).toBe(false);
  expect(shouldRelease(5_001, 10, { isNextInReserve: true })).toBe(true);
});
