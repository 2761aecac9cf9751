import { createFakeClock, createLogger } from "@windlass/chassis";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createPartitionLoop, partitionsFrom } from "./partition-loop.ts";
import { type HotStore, startHotStore } from "./testing/hot-store.ts";

const DAY_MS = 86_400_000;
const logger = createLogger({ service: "test", level: "error" });
let store: HotStore;
beforeEach(async () => {
  store = await startHotStore();
});
afterEach(() => store.stop());

const partitions = async () =>
  (
    await store.sql<{ name: string }>(
      "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'run_events'::regclass ORDER BY 1",
    )
  ).map((row) => row.name);

describe("the timeline's partitions", () => {
  it("are the days from today on, also over the end of a month", () => {
    expect(partitionsFrom(Date.parse("2026-12-31T23:59:59Z"), 1)).toEqual([
      { day: "2026-12-31", nextDay: "2027-01-01" },
      { day: "2027-01-01", nextDay: "2027-01-02" },
    ]);
  });

  it("are made ahead, once, and again as days pass; several replicas may try at once", async () => {
    // At noon, whatever the hour: how many days are new depends on it.
    const clock = createFakeClock(Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS / 2);
    const loops = Array.from({ length: 3 }, () => createPartitionLoop({ postgres: store.postgres, clock, logger }));
    for (const loop of loops) await loop.start();
    await clock.timersPending(3);
    const first = await partitions();
    expect(first).toHaveLength(9);
    await clock.advance(2 * DAY_MS);
    await clock.timersPending(3);
    await clock.advance(DAY_MS / 4);
    await vi.waitFor(async () => expect(await partitions()).toHaveLength(11));
    for (const loop of loops) await loop.stop();
    const runId = await store.trigger();
    const [row] = await store.sql<{ name: string }>(
      "SELECT tableoid::regclass::text AS name FROM run_events WHERE run_id = $1",
      [runId],
    );
    expect(row?.name).toBe(`run_events_${new Date().toISOString().slice(0, 10).replaceAll("-", "")}`);
  });

  it("leave a day in the default partition when it has entries there already", async () => {
    const runId = await store.trigger();
    const clock = createFakeClock(Date.now());
    const silent = createLogger({ service: "test", level: "error", write: () => undefined });
    const loop = createPartitionLoop({ postgres: store.postgres, clock, logger: silent });
    await loop.start();
    await clock.timersPending(1);
    await loop.stop();
    expect(await partitions()).toHaveLength(8);
    expect(await store.statuses(runId)).toEqual(["QUEUED"]);
  });
});
