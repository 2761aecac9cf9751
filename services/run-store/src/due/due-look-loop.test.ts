import { createFakeClock, createLogger, type FakeClock } from "@windlass/chassis";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type HotStore, startHotStore } from "../testing/hot-store.ts";
import { failed } from "../testing/reports.ts";
import { createDueLookLoop } from "./due-look-loop.ts";

const logger = createLogger({ service: "test", level: "error" });
let store: HotStore;
let clock: FakeClock;
let loop: ReturnType<typeof createDueLookLoop>;
let told: { readonly runId: string; readonly dueInMs: number }[];
let stopListening: () => void;

beforeEach(async () => {
  store = await startHotStore();
  clock = createFakeClock();
  loop = createDueLookLoop({ ...store, ...store.parts, clock, logger });
  told = [];
  stopListening = () => undefined;
});
afterEach(async () => {
  stopListening();
  await loop.stop();
  expect(await store.violations()).toEqual([]);
  await store.stop();
});

/** A run that is due in so many milliseconds. */
async function retrying(delayMs: number): Promise<string> {
  const lease = await store.claim(await store.trigger());
  await store.finish(lease, { ...failed(), decision: { kind: "after", delayMs } });
  return lease.run?.id ?? "";
}

/** Somebody watches, who has heard of nothing that was stored before. */
function watch(): void {
  stopListening = store.feed.due.listen((items) => {
    for (const { item, dueInMs } of items)
      if (item.case === "run") told.push({ runId: item.value.runId, dueInMs: Number(dueInMs) });
  });
}

/** Lets a second pass, and the look that it brings. */
async function look(): Promise<void> {
  await clock.advance(1_000);
  await clock.timersPending(1);
}

it("what another replica has stored is told within a second, soonest first, with the time that is left", async () => {
  const [soon, overdue] = [await retrying(2_000), await retrying(-5)];
  await retrying(60_000);
  watch();
  await loop.start();
  await clock.timersPending(1);
  expect(told.map(({ runId }) => runId)).toEqual([overdue, soon]);
  expect(told[0]?.dueInMs).toBeLessThanOrEqual(0);
  expect(told[1]?.dueInMs).toBeLessThanOrEqual(2_000);
});

it("what has been told is not told again until its time changes", async () => {
  const runId = await retrying(-5);
  watch();
  await loop.start();
  await clock.timersPending(1);
  await look();
  expect(told).toHaveLength(1);
  await store.sql("UPDATE runs SET due_time = due_time - interval '1 s' WHERE id = $1", [runId]);
  await look();
  expect(told).toHaveLength(2);
});

it("a clock of the database that is put forward makes due what it leaps over, within a second", async () => {
  const runId = await retrying(600_000);
  watch();
  await loop.start();
  await clock.timersPending(1);
  expect(told).toEqual([]);
  // As the database sees it, which is the only clock that counts.
  await store.sql("UPDATE runs SET due_time = due_time - interval '10 min' WHERE id = $1", [runId]);
  await look();
  expect(told).toMatchObject([{ runId }]);
});

it("nothing is looked up while nobody watches", async () => {
  const queries: string[] = [];
  const postgres = {
    ...store.postgres,
    transaction: () => Promise.reject(new Error(`looked ${queries.push("look")} times`)),
  };
  const idle = createDueLookLoop({ ...store.parts, postgres, feed: store.feed, clock, logger });
  await idle.start();
  await look();
  await idle.stop();
  expect(queries).toEqual([]);
});
