import { createFakeClock, type Queryable } from "@windlass/chassis";
import { expect, it } from "vitest";
import { createRunEndReader } from "../runs/run-end-reader.ts";
import { startHotStore } from "../testing/hot-store.ts";
import { createTokenAnnouncer } from "../tokens/announce-tokens.ts";
import { NO_TOKEN_HINTS } from "../tokens/token-hints.ts";
import { applyDue } from "./apply-due.ts";
import { createDatabaseClock } from "./database-clock.ts";

/** A database whose clock shows `aheadMs` more than the monotonic one, and which answers after `latencyMs`. */
function setUp() {
  const clock = createFakeClock(1_000);
  const database = { aheadMs: 1_700_000_000_000, latencyMs: 0 };
  const db: Queryable = {
    query: async () => {
      const nowUs = (clock.monotonicMs() + database.aheadMs) * 1_000;
      await clock.advance(database.latencyMs);
      return [{ now_us: nowUs }] as never;
    },
  };
  return { clock, database, databaseClock: createDatabaseClock({ db, clock }) };
}

it("a clock that is put forward gives leases the time in which they can be renewed", async () => {
  const { clock, database, databaseClock } = setUp();
  await databaseClock.look();
  database.aheadMs += 600_000;
  await databaseClock.look();
  expect(databaseClock.graceLeftMs()).toBe(10_000);
  await clock.advance(4_000);
  await databaseClock.look();
  expect(databaseClock.graceLeftMs()).toBe(6_000);
  await clock.advance(6_000);
  expect(databaseClock.graceLeftMs()).toBe(0);
});

it("a clock that goes on evenly, is put back, or answers slowly gives none", async () => {
  const { clock, database, databaseClock } = setUp();
  for (const latencyMs of [0, 5_000, 0, 60_000, 1]) {
    database.latencyMs = latencyMs;
    await databaseClock.look();
    await clock.advance(30_000);
  }
  database.aheadMs -= 600_000;
  await databaseClock.look();
  expect(databaseClock.graceLeftMs()).toBe(0);
});

it("a lease that a jump leaps over is left alone for that time, and then ends if nobody renewed it", async () => {
  const store = await startHotStore();
  try {
    await store.register("sup_silent");
    await store.sql("UPDATE supervisors SET expire_time = now() WHERE id = 'sup_silent'");
    let graceMs = 10_000;
    const options = {
      ...store.parts,
      announceTokens: createTokenAnnouncer(store.feed, NO_TOKEN_HINTS),
      reader: createRunEndReader(store.postgres),
      databaseClock: { look: () => Promise.resolve(), graceLeftMs: () => graceMs },
    };
    const work = { runs: [], supervisorIds: ["sup_silent"], tokens: [], schedules: [], expiries: [] };
    expect(await applyDue(options, work)).toMatchObject({ applied: 0, postponed: [{ dueInMs: 10_000n }] });
    graceMs = 0;
    expect(await applyDue(options, work)).toEqual({ applied: 1, postponed: [] });
  } finally {
    await store.stop();
  }
});
