import { expect, it } from "vitest";
import { createLeaseBook, type HeldLease } from "./lease-book.ts";
import { defaultMachine } from "./driver/machine.ts";
import { createReportBuffer } from "./report-buffer.ts";
import { makeLease } from "./testing/make-lease.ts";
import { workerKindOf } from "./worker-kind.ts";
import type { KindDemand } from "./worker-pool.ts";

const buffer = createReportBuffer({ monotonicMs: () => 0 });

function hold(bundleHash: string, receivedMs: number, isContinuation = false): HeldLease {
  const lease = makeLease({ bundleHash });
  if (lease.ref === undefined) throw new Error("a lease has a ref");
  const kind = workerKindOf(lease, defaultMachine);
  const { ref } = lease;
  return { lease, ref, kind, receivedMs, report: buffer.open(ref), isContinuation, state: "waiting" };
}

const bundlesOf = (demands: readonly KindDemand[]) =>
  demands.map(({ workerKind: { bundleHash }, waiting, oldestWaitMs }) => ({ bundleHash, waiting, oldestWaitMs }));

function bookOf(...leases: HeldLease[]) {
  const book = createLeaseBook();
  for (const lease of leases) book.add(lease);
  return book;
}

it("gives the lease that has waited longest, of the versions that can be served", () => {
  const [newer, older, oldest] = [hold("a", 3), hold("a", 4), hold("b", 2)];
  const book = bookOf(newer, older, oldest);
  expect(book.longestWaiting(() => true)).toBe(oldest);
  expect(book.longestWaiting((kind) => kind.key === newer.kind.key)).toBe(newer);
  expect(book.longestWaiting(() => false)).toBeUndefined();
  expect(bundlesOf(book.demands(10))).toEqual([
    { bundleHash: "a", waiting: 2, oldestWaitMs: 7 },
    { bundleHash: "b", waiting: 1, oldestWaitMs: 8 },
  ]);
});

it("holds a lease until its end is stored, wherever it stood", () => {
  const [one, two, three] = [hold("a", 1), hold("a", 2), hold("a", 3)];
  const book = bookOf(one, two, three);
  book.move(one, "running");
  book.move(two, "reported");
  expect([book.waitingCount, book.runningCount, book.size]).toEqual([1, 1, 3]);
  expect(book.tokens()).toEqual([one, two, three].map(({ ref }) => ref.leaseToken));
  book.move(one, "reported");
  expect([book.waitingCount, book.runningCount, book.size]).toEqual([1, 0, 3]);
  for (const lease of [one, two, three, three]) book.remove(lease);
  expect([book.waitingCount, book.runningCount, book.size]).toEqual([0, 0, 0]);
  expect(book.demands(10)).toEqual([]);
  expect(book.get(one.ref.leaseToken)).toBeUndefined();
});

it("keeps those that continue an attempt in a line of their own, and counts those that are suspended", () => {
  const [fresh, continuation, suspended] = [hold("a", 1), hold("a", 2, true), hold("a", 3)];
  const book = bookOf(fresh, continuation, suspended);
  book.move(suspended, "suspended");
  expect(book.waiting()).toEqual([fresh]);
  expect(book.firstContinuation()).toBe(continuation);
  expect([book.waitingCount, book.suspendedCount, book.size]).toEqual([2, 1, 3]);
  expect(bookOf(continuation).demands(10)).toEqual([]);
  book.move(continuation, "running");
  expect(book.firstContinuation()).toBeUndefined();
  expect([book.waitingCount, book.runningCount]).toEqual([1, 1]);
  book.remove(suspended);
  expect(book.suspendedCount).toBe(0);
});
