import { expect, it } from "vitest";
import { createLeaseBook, type HeldLease } from "./lease-book.ts";
import { createReportBuffer } from "./report-buffer.ts";
import { makeLease } from "./testing/make-lease.ts";

const buffer = createReportBuffer({ monotonicMs: () => 0 });

function hold(bundleHash: string, receivedMs: number): HeldLease {
  const lease = makeLease({ bundleHash });
  if (lease.ref === undefined) throw new Error("a lease has a ref");
  return { lease, ref: lease.ref, receivedMs, report: buffer.open(lease.ref), state: "waiting" };
}

function bookOf(...leases: HeldLease[]) {
  const book = createLeaseBook();
  for (const lease of leases) book.add(lease);
  return book;
}

it("gives the lease that has waited longest, of the versions that can be served", () => {
  const [newer, older, oldest] = [hold("a", 3), hold("a", 4), hold("b", 2)];
  const book = bookOf(newer, older, oldest);
  expect(book.longestWaiting(() => true)).toBe(oldest);
  expect(book.longestWaiting((bundleHash) => bundleHash === "a")).toBe(newer);
  expect(book.longestWaiting(() => false)).toBeUndefined();
  expect(book.demands(10)).toEqual([
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
