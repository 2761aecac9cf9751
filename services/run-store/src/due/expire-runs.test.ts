import { ErrorReason } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { createRunEndReader } from "../runs/run-end-reader.ts";
import { ENVIRONMENT_ID, newTrigger, runIdOf } from "../testing/hot-store.ts";
import { shareHotStore } from "../testing/share-hot-store.ts";
import { createTokenAnnouncer } from "../tokens/announce-tokens.ts";
import { NO_TOKEN_HINTS } from "../tokens/token-hints.ts";
import { NO_OPTIONS, type ParsedRunOptions } from "../validation/run-options.ts";
import { applyDue } from "./apply-due.ts";
import { listDue } from "./list-due.ts";
import { DUE_START } from "../store/list-due.ts";
import { rescheduleRun } from "../runs/reschedule-run.ts";

const store = await shareHotStore();

const options = (overrides: Partial<ParsedRunOptions>): ParsedRunOptions => ({
  ...NO_OPTIONS,
  encoded: Buffer.alloc(0),
  ...overrides,
});
const trigger = (overrides: Partial<ParsedRunOptions>, taskId = "hello") =>
  store.trigger({ taskId, options: options(overrides) });
/** Long enough for a test to act before it is over. */
const LONG_MS = 600_000;

async function passed(runId: string): Promise<void> {
  await store.sql("UPDATE runs SET expire_time = now() WHERE id = $1", [runId]);
}

const expire = (...runIds: string[]) =>
  applyDue(
    {
      ...store.parts,
      announceTokens: createTokenAnnouncer(store.feed, NO_TOKEN_HINTS),
      reader: createRunEndReader(store.postgres),
    },
    {
      runs: [],
      supervisorIds: [],
      tokens: [],
      schedules: [],
      expiries: runIds.toSorted().map((runId) => ({ environmentId: ENVIRONMENT_ID, runId })),
    },
  );

describe("a run with a time to live", () => {
  it("that has not started when it is over is EXPIRED, once, and whoever waits is told", async () => {
    const runId = await trigger({ ttlMs: LONG_MS });
    await passed(runId);
    const ended = store.ended(runId);
    expect((await expire(runId)).applied).toBe(1);
    expect((await ended).id).toBe(runId);
    expect(await expire(runId)).toEqual({ applied: 0, postponed: [] });
    expect(await store.run(runId)).toMatchObject({ status: "EXPIRED", attempt_number: 0 });
    expect(await store.statuses(runId)).toEqual(["QUEUED", "EXPIRED"]);
    await expect(store.claim(runId)).rejects.toMatchObject({ reason: ErrorReason.RUN_NOT_QUEUED });
  });

  it("that has started never is, not even when its lease was given back", async () => {
    const runId = await trigger({ ttlMs: LONG_MS });
    await store.release(await store.claim(runId));
    const [row] = await store.sql<{ expire_time: Date | null }>("SELECT expire_time FROM runs WHERE id = $1", [runId]);
    expect(row?.expire_time).toBeNull();
    expect(await expire(runId)).toEqual({ applied: 0, postponed: [] });
    expect((await store.run(runId)).status).toBe("QUEUED");
  });

  it("named too early is postponed", async () => {
    const runId = await trigger({ ttlMs: LONG_MS });
    const { applied, postponed } = await expire(runId, "run_unknown");
    expect(applied).toBe(0);
    expect(postponed).toMatchObject([{ item: { case: "expiry", value: { runId } } }]);
    expect(Number(postponed[0]?.dueInMs)).toBeGreaterThan(LONG_MS - 60_000);
  });

  it("is told to the scheduler when it is triggered, and listed with the rest", async () => {
    const due = store.feed.due.subscribe(10);
    const runId = await trigger({ ttlMs: LONG_MS });
    for await (const items of due) {
      expect(items).toMatchObject([{ item: { case: "expiry", value: { runId } } }]);
      break;
    }
    const { items } = await listDue(store, { after: DUE_START, horizonMs: 3_600_000, size: 1_000 });
    expect(items.flatMap(({ item }) => (item.case === "expiry" ? [item.value.runId] : []))).toContain(runId);
  });

  it("that is DELAYED lives from its start time, also when that is moved", async () => {
    const startTimeUs = (Date.now() + LONG_MS) * 1_000;
    const runId = await trigger({ startTimeUs, ttlMs: 60_000 });
    const lives = async () => {
      const [row] = await store.sql<{ ms: number }>(
        "SELECT (date_part('epoch', expire_time - due_time) * 1000)::float8 AS ms FROM runs WHERE id = $1",
        [runId],
      );
      return row?.ms;
    };
    expect(await lives()).toBe(60_000);
    await rescheduleRun(store.parts, { environmentId: ENVIRONMENT_ID, runId, startTimeUs: startTimeUs + 5e6 });
    expect(await lives()).toBe(60_000);
  });

  it("of which both moments passed while nobody looked expires", async () => {
    const runId = await trigger({ startTimeUs: (Date.now() + LONG_MS) * 1_000, ttlMs: 60_000 });
    await store.sql(
      "UPDATE runs SET due_time = now() - interval '2 s', expire_time = now() - interval '1 s' WHERE id = $1",
      [runId],
    );
    expect((await expire(runId)).applied).toBe(1);
    expect(await store.run(runId)).toMatchObject({ status: "EXPIRED", due_time: null });
  });

  it("whose task no version knows expires too", async () => {
    const runId = await trigger({ ttlMs: LONG_MS }, "unknown");
    expect((await store.run(runId)).status).toBe("PENDING_VERSION");
    await passed(runId);
    expect((await expire(runId)).applied).toBe(1);
  });

  it("frees its idempotency key when it expires", async () => {
    const idempotency = { key: "expiring", ttlMs: LONG_MS };
    const runId = await trigger({ ttlMs: LONG_MS, idempotency });
    expect(await trigger({ idempotency })).toBe(runId);
    await passed(runId);
    await expire(runId);
    expect(await trigger({ idempotency })).not.toBe(runId);
  });

  it("that is canceled does not expire", async () => {
    const runId = await trigger({ ttlMs: LONG_MS });
    await store.cancel(runId);
    expect(await expire(runId)).toEqual({ applied: 0, postponed: [] });
    expect((await store.run(runId)).status).toBe("CANCELED");
  });

  it("is either claimed or expired when both come at one moment", async () => {
    const triggers = Array.from({ length: 20 }, (_, index) =>
      newTrigger(`race-${index}`, { options: options({ ttlMs: LONG_MS }) }),
    );
    const runIds = (await store.parts.trigger.trigger(ENVIRONMENT_ID, triggers)).map(runIdOf);
    await Promise.all(runIds.map(passed));
    const [{ applied }, claims] = await Promise.all([
      expire(...runIds),
      Promise.allSettled(runIds.map((runId) => store.claim(runId))),
    ]);
    expect(claims.filter(({ status }) => status === "fulfilled").length + applied).toBe(20);
  });
});

it("what came due while nobody looked is queued in the order of its moments", async () => {
  const startTimeUs = (Date.now() + LONG_MS) * 1_000;
  const [first, second] = [await trigger({ startTimeUs }), await trigger({ startTimeUs })];
  await store.sql("UPDATE runs SET due_time = now() - interval '1 s' WHERE id = $1", [first]);
  await store.sql("UPDATE runs SET due_time = now() - interval '2 s' WHERE id = $1", [second]);
  const deps = {
    ...store.parts,
    announceTokens: createTokenAnnouncer(store.feed, NO_TOKEN_HINTS),
    reader: createRunEndReader(store.postgres),
  };
  const runs = [first, second].toSorted().map((runId) => ({ environmentId: ENVIRONMENT_ID, runId }));
  expect((await applyDue(deps, { runs, supervisorIds: [], tokens: [], schedules: [], expiries: [] })).applied).toBe(2);
  const rows = await store.sql<{ id: string }>("SELECT id FROM runs WHERE id = ANY ($1) ORDER BY queue_time, id", [
    [first, second],
  ]);
  expect(rows.map(({ id }) => id)).toEqual([second, first]);
});
