import * as fc from "fast-check";
import { expect, it } from "vitest";
import { splitBatch } from "./split-batch.ts";

class DataError extends Error {
  readonly code = "22021";
}

/** A statement that fails as a whole when it is given a bad item. */
function statement(isBad: (item: number) => boolean) {
  const stored: number[] = [];
  const sizes: number[] = [];
  return {
    stored,
    sizes,
    run: (items: readonly number[]) => {
      sizes.push(items.length);
      if (items.some(isBad)) return Promise.reject(new DataError("invalid byte sequence"));
      stored.push(...items);
      return Promise.resolve(items.map((item) => `ok ${item}`));
    },
  };
}

it("bad items fail alone, all others are done once, and results keep their places", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }), async (bad) => {
      const { run, stored } = statement((item) => bad[item] === true);
      const items = bad.map((_, index) => index);
      const results = await splitBatch(items, run, (item) => `bad ${item}`);
      expect(results).toEqual(items.map((item) => `${bad[item] === true ? "bad" : "ok"} ${item}`));
      expect(stored).toEqual(items.filter((item) => bad[item] !== true));
    }),
  );
});

it("costs nothing while all is well, and few statements for one bad item", async () => {
  const fine = statement(() => false);
  await splitBatch([1, 2, 3], fine.run, () => "bad");
  expect(fine.sizes).toEqual([3]);
  const one = statement((item) => item === 700);
  await splitBatch(
    Array.from({ length: 1_000 }, (_, index) => index),
    one.run,
    () => "bad",
  );
  expect(one.sizes.length).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(1_000)) + 1);
});

it("other errors fail the whole batch", async () => {
  const fail = () => Promise.reject(new Error("the connection is gone"));
  await expect(splitBatch([1, 2], fail, () => "bad")).rejects.toThrow("the connection is gone");
});
