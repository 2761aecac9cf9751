import { expect, test } from "vitest";
import { type BulkProgress, collectIds, forEachRun, type IdPage } from "./bulk.ts";

const never = new AbortController().signal;
const ids = Array.from({ length: 20 }, (_, index) => `run_${index}`);

const pages: Readonly<Record<string, IdPage>> = {
  "": { ids: ids.slice(0, 8), nextPageToken: "b" },
  b: { ids: ids.slice(8, 16), nextPageToken: "c" },
  c: { ids: ids.slice(16), nextPageToken: "" },
};
const readPage = async (token: string): Promise<IdPage> => pages[token] as IdPage;

test("ids are read page by page, up to a limit", async () => {
  expect(await collectIds(readPage, 100, never)).toEqual(ids);
  expect(await collectIds(readPage, 10, never)).toEqual(ids.slice(0, 10));
});

test("it is done to each run once, and the progress counts all of them", async () => {
  const told: BulkProgress[] = [];
  const seen: string[] = [];
  const end = await forEachRun(
    ids,
    async (id) => seen.push(id),
    (progress) => told.push(progress),
    never,
  );
  expect(seen.toSorted()).toEqual(ids.toSorted());
  expect(end).toEqual({ done: 20, failed: 0 });
  expect(told).toHaveLength(20);
});

test("a run that fails stops no other, and the first failure is kept", async () => {
  const act = async (id: string): Promise<void> => {
    if (id === "run_3" || id === "run_7") throw new Error(`no ${id}`);
  };
  const end = await forEachRun(ids, act, () => undefined, never);
  expect(end).toMatchObject({ done: 18, failed: 2, failure: new Error("no run_3") });
});

test("a stop lets what has begun end, and begins nothing more", async () => {
  const stop = new AbortController();
  let begun = 0;
  await forEachRun(
    ids,
    async () => {
      begun += 1;
      if (begun === 6) stop.abort();
    },
    () => undefined,
    stop.signal,
  );
  expect(begun).toBeGreaterThanOrEqual(6);
  expect(begun).toBeLessThan(12);
});
