import { randomUUID } from "node:crypto";
import { createFakeClock, createLogger } from "@windlass/chassis";
import { expect, it, vi } from "vitest";
import { createRemovalLoops } from "./removal-loops.ts";
import { ENVIRONMENT_ID } from "./testing/hot-store.ts";
import { shareHotStore } from "./testing/share-hot-store.ts";

const store = await shareHotStore();

/** How many rows each table of something to remove has. */
async function left(): Promise<number[]> {
  const [row] = await store.sql<{ counts: number[] }>(
    `SELECT ARRAY[(SELECT count(*) FROM idempotency_keys), (SELECT count(*) FROM debounces), (SELECT count(*) FROM run_waits)]::int[] AS counts`,
  );
  return row?.counts ?? [];
}

it("rows that say nothing any more are removed at the start and every minute, however many; the others stay", async () => {
  const runId = await store.trigger();
  const addSpent = async (count: number) => {
    await store.sql(
      "INSERT INTO idempotency_keys SELECT $1, 'hello', 'over ' || n, $2, now() - interval '1 s' FROM generate_series(1, $3::int) n",
      [ENVIRONMENT_ID, runId, count],
    );
    await store.sql("INSERT INTO debounces SELECT $1, 'hello', 'begun ' || n, $2 FROM generate_series(1, $3::int) n", [
      ENVIRONMENT_ID,
      runId,
      count,
    ]);
    await store.sql("INSERT INTO run_waits SELECT $1, $2, 'run_' || n, $4, 'wait' FROM generate_series(1, $3::int) n", [
      ENVIRONMENT_ID,
      runId,
      count,
      randomUUID(),
    ]);
  };
  await store.sql("INSERT INTO idempotency_keys VALUES ($1, 'hello', 'held', $2, now() + interval '1 hour')", [
    ENVIRONMENT_ID,
    runId,
  ]);
  await addSpent(2_500);

  const clock = createFakeClock();
  const logger = createLogger({ service: "test", level: "error" });
  const loops = createRemovalLoops({ db: store.postgres, clock, logger });
  await Promise.all(loops.map((loop) => loop.start()));
  await clock.timersPending(loops.length);
  expect(await left()).toEqual([1, 0, 0]);

  await addSpent(1);
  await clock.advance(60_000);
  await vi.waitFor(async () => expect(await left()).toEqual([1, 0, 0]));
  await Promise.all(loops.map((loop) => loop.stop()));
});
