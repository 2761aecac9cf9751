import { ErrorReason } from "@windlass/proto";
import { expect, test } from "vitest";
import { createBatcher } from "./batcher.ts";

/** A `run` whose batches end when the test says so. */
function controlledRun() {
  const batches: { items: number[]; end: (results?: number[]) => void; fail: (error: Error) => void }[] = [];
  const run = (items: number[]) => {
    const { promise, resolve, reject } = Promise.withResolvers<number[]>();
    batches.push({ items, end: (results = items.map((item) => item * 10)) => resolve(results), fail: reject });
    return promise;
  };
  return { batches, run, sizes: () => batches.map(({ items }) => items.length) };
}

const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

test("items of one moment are one batch; what arrives while all batches are in flight is the next", async () => {
  const { batches, run, sizes } = controlledRun();
  const batcher = createBatcher({ name: "test", run, concurrency: 2 });
  const first = Promise.all([batcher.submit(1), batcher.submit(2), batcher.submit(3)]);
  await turn();
  const second = batcher.submit(4);
  await turn();
  const third = [5, 6, 7].map((item) => batcher.submit(item));
  await turn();
  expect(sizes()).toEqual([3, 1]);
  expect(batcher.depth).toBe(3);
  batches[1]?.end();
  expect(await second).toBe(40);
  await turn();
  expect(sizes()).toEqual([3, 1, 3]);
  batches[0]?.end();
  batches[2]?.end();
  expect(await first).toEqual([10, 20, 30]);
  expect(await Promise.all(third)).toEqual([50, 60, 70]);
});

test("a batch is bounded by count and by bytes, and an item heavier than a batch goes alone", async () => {
  const { batches, run } = controlledRun();
  const batcher = createBatcher({
    name: "test",
    run,
    maxBatch: 3,
    weigh: (bytes) => bytes,
    maxBatchBytes: 100,
    concurrency: 9,
  });
  const all = batcher.submitMany([1, 1, 1, 1, 60, 60, 500, 40, 60]);
  await turn();
  expect(batches.map(({ items }) => items)).toEqual([[1, 1, 1], [1, 60], [60], [500], [40, 60]]);
  for (const batch of batches.toReversed()) batch.end();
  expect(await all).toEqual([10, 10, 10, 10, 600, 600, 5000, 400, 600]);
});

test("an error of run fails its own batch only; submitMany ends when nothing of it is in flight", async () => {
  const { batches, run } = controlledRun();
  const batcher = createBatcher({ name: "test", run, maxBatch: 2, concurrency: 2 });
  let settled = false;
  const many = batcher.submitMany([1, 2, 3]).finally(() => {
    settled = true;
  });
  const alone = batcher.submit(4);
  await turn();
  batches[0]?.fail(new Error("no database"));
  await turn();
  expect(settled).toBe(false);
  batches[1]?.end();
  await expect(many).rejects.toThrow("no database");
  expect(await alone).toBe(40);
});

test("a run that loses a result is a defect of all, not a mix-up", async () => {
  const batcher = createBatcher({ name: "test", run: () => Promise.resolve([1]) });
  await expect(batcher.submitMany([1, 2])).rejects.toThrow("test: 2 items gave 1 results");
});

test("beyond maxQueued it is OVERLOADED, all or nothing, and recovers", async () => {
  const { batches, run } = controlledRun();
  const batcher = createBatcher({ name: "triggers", run, maxQueued: 3, concurrency: 1 });
  const inFlight = batcher.submitMany([1, 2]);
  await turn();
  const queued = batcher.submitMany([3, 4]);
  await expect(batcher.submitMany([5, 6])).rejects.toMatchObject({
    reason: ErrorReason.OVERLOADED,
    message: expect.stringContaining("triggers") as string,
  });
  const last = batcher.submit(7);
  batches[0]?.end();
  await inFlight;
  await turn();
  batches[1]?.end();
  expect(await queued).toEqual([30, 40]);
  expect(await last).toBe(70);
});

test("drain resolves when nothing waits and nothing is in flight", async () => {
  const { batches, run } = controlledRun();
  const batcher = createBatcher({ name: "test", run, concurrency: 1, maxBatch: 1 });
  await batcher.drain();
  const items = batcher.submitMany([1, 2]);
  let drained = false;
  const draining = batcher.drain().then(() => {
    drained = true;
  });
  await turn();
  batches[0]?.end();
  await turn();
  await turn();
  expect(drained).toBe(false);
  batches[1]?.end();
  await draining;
  expect(await items).toEqual([10, 20]);
});

test("a hundred thousand items go through in order", async () => {
  const seen: number[] = [];
  const batcher = createBatcher<number, number>({
    name: "test",
    concurrency: 1,
    run: (items) => {
      seen.push(...items);
      return Promise.resolve(items);
    },
  });
  const numbers = Array.from({ length: 100_000 }, (_, index) => index);
  expect(await batcher.submitMany(numbers)).toEqual(numbers);
  expect(seen).toEqual(numbers);
});
