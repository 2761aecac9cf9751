import { parse } from "superjson";
import { describe, expect, it } from "vitest";
import type { Tick } from "./tick-payload.ts";
import { insertDescribedRuns } from "../store/insert-described-runs.ts";
import { lockDueSchedules } from "../store/tick-schedules.ts";
import { ENVIRONMENT_ID } from "../testing/hot-store.ts";
import { shareHotStore } from "../testing/share-hot-store.ts";
import { type CatchUpName, MAX_CAUGHT_UP } from "./missed-ticks.ts";
import { createSchedule, deactivateSchedule } from "./change-schedules.ts";
import { tickSchedules } from "./tick-schedules.ts";

const store = await shareHotStore();

const MINUTE_MS = 60_000;
let keys = 0;

/** A schedule that ticks every minute, and whose next tick was to come so many milliseconds ago. */
async function overdue(
  agoMs: number,
  taskId = "hello",
  expression = "* * * * *",
  catchUp: CatchUpName = "LATEST",
): Promise<string> {
  const schedule = await createSchedule(
    { ...store.parts, postgres: store.postgres, clock: store.clock },
    ENVIRONMENT_ID,
    {
      taskId,
      cron: { expression, timezone: "UTC", catchUp },
      deduplicationKey: `key ${(keys += 1)}`,
      externalId: "user_1",
    },
  );
  await store.sql("UPDATE schedules SET next_time = date_trunc('minute', now() - $2 * interval '1 ms') WHERE id = $1", [
    schedule.id,
    agoMs,
  ]);
  return schedule.id;
}

const tick = (...scheduleIds: string[]) =>
  tickSchedules(
    store.parts,
    scheduleIds.toSorted().map((scheduleId) => ({ environmentId: ENVIRONMENT_ID, scheduleId })),
  );

/** A rule that ticks once a day, and not within hours of now. */
function everyDayBut(): string {
  return `0 ${(new Date().getUTCHours() + 12) % 24} * * *`;
}

interface TickRun {
  readonly run_id: string;
  readonly request_id: string;
  readonly payload: Buffer;
  readonly payload_type: string;
  readonly status: string;
}

const runsOf = (scheduleId: string) =>
  store.sql<TickRun>(
    `SELECT c.run_id, c.request_id, c.payload, c.payload_type, r.status FROM run_contents c JOIN runs r ON r.id = c.run_id
      WHERE c.schedule_id = $1 ORDER BY c.run_id`,
    [scheduleId],
  );

const nextOf = async (scheduleId: string) => {
  const [row] = await store.sql<{ next_time: Date | null; last_time: Date | null }>(
    "SELECT next_time, last_time FROM schedules WHERE id = $1",
    [scheduleId],
  );
  return { next: row?.next_time?.getTime(), last: row?.last_time?.getTime() };
};

describe("a tick", () => {
  it("is one run with the moment, the last one and ten to come, and the schedule moves on", async () => {
    const scheduleId = await overdue(0);
    const { next: dueMs = 0 } = await nextOf(scheduleId);
    const { applied, postponed } = await tick(scheduleId);
    expect(applied).toBe(1);
    expect(postponed).toMatchObject([{ item: { case: "schedule", value: { scheduleId } } }]);
    const [run] = await runsOf(scheduleId);
    expect(run).toMatchObject({ payload_type: "application/super+json", status: "QUEUED" });
    const payload = parse<Record<keyof Tick, unknown>>(run?.payload.toString() ?? "");
    expect(payload).toEqual({
      scheduleId,
      type: "IMPERATIVE",
      timestamp: new Date(dueMs),
      timezone: "UTC",
      externalId: "user_1",
      upcoming: Array.from({ length: 10 }, (_, index) => new Date(dueMs + (index + 1) * MINUTE_MS)),
    });
    expect(await nextOf(scheduleId)).toEqual({ next: dueMs + MINUTE_MS, last: dueMs });
  });

  it("is told to the queue, and the next one to the scheduler", async () => {
    const scheduleId = await overdue(0);
    const queued = store.feed.queued.subscribe(10);
    const { postponed } = await tick(scheduleId);
    const [run] = await runsOf(scheduleId);
    for await (const [told] of queued) {
      expect(told?.runId).toBe(run?.run_id);
      break;
    }
    expect(Number(postponed[0]?.dueInMs)).toBeGreaterThan(0);
    expect(Number(postponed[0]?.dueInMs)).toBeLessThanOrEqual(MINUTE_MS);
  });

  it("named by twenty schedulers at one moment is one run", async () => {
    const scheduleIds = [await overdue(0), await overdue(0), await overdue(0)];
    const answers = await Promise.all(Array.from({ length: 20 }, () => tick(...scheduleIds)));
    expect(answers.reduce((sum, { applied }) => sum + applied, 0)).toBe(3);
    for (const scheduleId of scheduleIds) expect(await runsOf(scheduleId)).toHaveLength(1);
  });

  it("whose answer was lost is not repeated", async () => {
    const scheduleId = await overdue(0);
    await tick(scheduleId);
    expect(await tick(scheduleId)).toMatchObject({ applied: 0, postponed: [{ item: { value: { scheduleId } } }] });
    expect(await runsOf(scheduleId)).toHaveLength(1);
  });

  it("that dies before its commit leaves nothing, and is due still", async () => {
    const scheduleId = await overdue(0);
    const ref = { environmentId: ENVIRONMENT_ID, scheduleId };
    const died = store.postgres.transaction(async (tx) => {
      expect(await lockDueSchedules(tx, [ref])).toHaveLength(1);
      await insertDescribedRuns(tx, [], false);
      throw new Error("killed");
    });
    await expect(died).rejects.toThrow("killed");
    expect(await runsOf(scheduleId)).toHaveLength(0);
    expect((await tick(scheduleId)).applied).toBe(1);
    expect(await runsOf(scheduleId)).toHaveLength(1);
  });

  it("named too early is postponed", async () => {
    const scheduleId = await overdue(-10 * MINUTE_MS);
    const { applied, postponed } = await tick(scheduleId, "sched_unknown");
    expect(applied).toBe(0);
    expect(Number(postponed[0]?.dueInMs)).toBeGreaterThan(8 * MINUTE_MS);
    expect(await runsOf(scheduleId)).toHaveLength(0);
  });

  it("of many schedules at one moment is one run each", async () => {
    const scheduleIds: string[] = [];
    for (let count = 0; count < 130; count += 1) scheduleIds.push(await overdue(0));
    expect((await tick(...scheduleIds)).applied).toBe(130);
    const [row] = await store.sql<{ count: bigint }>("SELECT count(*) FROM run_contents WHERE schedule_id = ANY ($1)", [
      scheduleIds,
    ]);
    expect(Number(row?.count)).toBe(130);
  });
});

describe("after a downtime", () => {
  it("the latest tick missed is the one run, and the next follows it", async () => {
    const scheduleId = await overdue(7 * 24 * 60 * MINUTE_MS);
    expect((await tick(scheduleId)).applied).toBe(1);
    const runs = await runsOf(scheduleId);
    expect(runs).toHaveLength(1);
    const { timestamp } = parse<{ timestamp: Date }>(runs[0]?.payload.toString() ?? "");
    const { next = 0, last } = await nextOf(scheduleId);
    expect(timestamp.getTime()).toBe(last);
    expect(next - timestamp.getTime()).toBe(MINUTE_MS);
    const [row] = await store.sql<{ ahead: boolean }>(
      "SELECT next_time > now() AS ahead FROM schedules WHERE id = $1",
      [scheduleId],
    );
    expect(row?.ahead).toBe(true);
    expect((await tick(scheduleId)).applied).toBe(0);
  });
});

describe("after a downtime that a schedule makes up for in full", () => {
  const ticksOf = async (scheduleId: string) =>
    (await runsOf(scheduleId)).map((run) =>
      parse<Tick & { timestamp: Date; lastTimestamp?: Date }>(run.payload.toString()),
    );

  it("each missed tick is a run, oldest first, which knows the one before it and those after it", async () => {
    const scheduleId = await overdue(5 * MINUTE_MS, "hello", "* * * * *", "ALL");
    const { next: firstMs = 0 } = await nextOf(scheduleId);
    await tick(scheduleId);
    const ticks = await ticksOf(scheduleId);
    const { next = 0, last = 0 } = await nextOf(scheduleId);
    expect(ticks.length).toBeGreaterThanOrEqual(6);
    expect(ticks.map(({ timestamp }) => timestamp.getTime())).toEqual(
      ticks.map((_, index) => firstMs + index * MINUTE_MS),
    );
    expect(ticks.slice(1).map(({ lastTimestamp }) => lastTimestamp)).toEqual(
      ticks.slice(0, -1).map(({ timestamp }) => timestamp),
    );
    expect(ticks).toMatchObject(
      ticks.map((_, index) => ({
        upcoming: Array.from({ length: 10 }, (__, n) => new Date(firstMs + (index + 1 + n) * MINUTE_MS)),
      })),
    );
    expect(ticks.at(-1)?.timestamp.getTime()).toBe(last);
    expect(next).toBe(last + MINUTE_MS);
    expect((await tick(scheduleId)).applied).toBe(0);
    expect(await runsOf(scheduleId)).toHaveLength(ticks.length);
  });

  it("of more than a hundred, the latest hundred are", async () => {
    const scheduleId = await overdue(30 * 24 * 60 * MINUTE_MS, "hello", "* * * * *", "ALL");
    await tick(scheduleId);
    const ticks = await ticksOf(scheduleId);
    const { last = 0 } = await nextOf(scheduleId);
    expect(ticks).toHaveLength(MAX_CAUGHT_UP);
    expect(ticks[0]?.timestamp.getTime()).toBe(last - (MAX_CAUGHT_UP - 1) * MINUTE_MS);
  });

  it("of many schedules, none is left out, and no transaction stores more than some hundreds", async () => {
    const scheduleIds: string[] = [];
    for (let count = 0; count < 5; count += 1)
      scheduleIds.push(await overdue(24 * 60 * MINUTE_MS, "hello", "* * * * *", "ALL"));
    const first = await tick(...scheduleIds);
    expect(first.applied).toBe(3);
    // Those that had no turn are due still, and the scheduler is told so.
    expect(first.postponed.filter(({ dueInMs }) => dueInMs <= 0n)).toHaveLength(2);
    expect((await tick(...scheduleIds)).applied).toBe(2);
    for (const scheduleId of scheduleIds) expect(await runsOf(scheduleId)).toHaveLength(MAX_CAUGHT_UP);
  });
});

describe("after a downtime that a schedule does not make up for", () => {
  it("no missed tick is a run, and the next one to come is", async () => {
    const scheduleId = await overdue(3 * 24 * 60 * MINUTE_MS, "hello", everyDayBut(), "NONE");
    expect((await tick(scheduleId)).applied).toBe(1);
    expect(await runsOf(scheduleId)).toHaveLength(0);
    const { next = 0, last } = await nextOf(scheduleId);
    expect(last).toBeUndefined();
    expect(next).toBeGreaterThan(Date.now());
  });

  it("a tick that is late by no more than a minute is no missed one", async () => {
    const scheduleId = await overdue(0, "hello", "* * * * *", "NONE");
    await tick(scheduleId);
    expect(await runsOf(scheduleId)).toHaveLength(1);
  });
});

describe("a schedule", () => {
  it("whose task is gone ticks without a run, and with one when the task is back", async () => {
    const taskId = "passing";
    await store.deploy([{ id: "hello" }, { id: taskId }]);
    const scheduleId = await overdue(0, taskId);
    await store.deploy([{ id: "hello" }]);
    expect((await tick(scheduleId)).applied).toBe(1);
    expect(await runsOf(scheduleId)).toHaveLength(0);
    await store.deploy([{ id: "hello" }, { id: taskId }]);
    await store.sql("UPDATE schedules SET next_time = date_trunc('minute', now()) WHERE id = $1", [scheduleId]);
    expect((await tick(scheduleId)).applied).toBe(1);
    expect(await runsOf(scheduleId)).toHaveLength(1);
  });

  it("that is not active does not tick, also when a scheduler had heard of its tick", async () => {
    const scheduleId = await overdue(0);
    await deactivateSchedule(
      { ...store.parts, postgres: store.postgres, clock: store.clock },
      ENVIRONMENT_ID,
      scheduleId,
    );
    expect(await tick(scheduleId)).toEqual({ applied: 0, postponed: [] });
    expect(await runsOf(scheduleId)).toHaveLength(0);
  });
});
