import type { Logger, Postgres } from "@windlass/chassis";
import type { DueItem } from "@windlass/proto";
import { dueSchedule } from "../conversions/due-item.ts";
import type { RunIds } from "../run-id.ts";
import { compare } from "../run-order.ts";
import type { RunTrigger } from "../runs/trigger-runs.ts";
import { insertDescribedRuns, type NewDescribedRun } from "../store/insert-described-runs.ts";
import {
  type DueScheduleRow,
  lockDueSchedules,
  moveSchedules,
  type ScheduleRef,
  selectNextTicks,
  type TickedSchedule,
} from "../store/tick-schedules.ts";
import { latestTick, upcomingTicks } from "./cron.ts";
import { encodeTick, TICK_PAYLOAD_TYPE } from "./tick-payload.ts";

/** What ticks work with. */
export interface TickOptions {
  readonly postgres: Postgres;
  readonly trigger: Pick<RunTrigger, "announceStored">;
  readonly runIds: RunIds;
  /** Whether statements write an outbox row. */
  readonly hasOutbox: boolean;
  readonly logger: Logger;
}

/** Finding ten ticks to come costs up to half a millisecond: so many at a time do not hold others up. */
const SCHEDULES_PER_TRANSACTION = 100;
/** How many ticks to come a payload tells. */
const UPCOMING = 10;

/**
 * Triggers the runs of those schedules whose moment has come. Moving the schedule on and storing the run is one transaction under the schedule's lock, so that a tick is exactly one run,
 * however many schedulers ask and however often: a crash before the commit leaves the tick due, one after it leaves nothing to do. Of the ticks that a downtime missed, the latest makes
 * one run. A schedule whose task the current version lacks moves on without a run. Sort by (environment, schedule). Returns how many ticked, and when all tick next.
 */
export async function tickSchedules(
  options: TickOptions,
  refs: readonly ScheduleRef[],
): Promise<{ readonly applied: number; readonly postponed: DueItem[] }> {
  let applied = 0;
  for (let at = 0; at < refs.length; at += SCHEDULES_PER_TRANSACTION)
    applied += await tickSome(options, refs.slice(at, at + SCHEDULES_PER_TRANSACTION));
  const next = await selectNextTicks(options.postgres, refs);
  return { applied, postponed: next.map((tick) => dueSchedule(tick.environmentId, tick.scheduleId, tick.dueInMs)) };
}

async function tickSome(options: TickOptions, refs: readonly ScheduleRef[]): Promise<number> {
  const { postgres, trigger, runIds, hasOutbox, logger } = options;
  const { due, runs, rows } = await postgres.transaction(async (tx) => {
    const locked = await lockDueSchedules(tx, refs);
    const ticks = locked.map((row) => tickOf(row));
    const newRuns = locked
      .flatMap((row, index) => (row.has_task && ticks[index] ? [runOf(row, ticks[index], runIds())] : []))
      .toSorted((a, b) => compare(a.environmentId, b.environmentId) || compare(a.requestId, b.requestId));
    const stored = newRuns.length === 0 ? [] : await insertDescribedRuns(tx, newRuns, hasOutbox);
    if (locked.length > 0)
      await moveSchedules(
        tx,
        locked.flatMap((row, index) => (ticks[index] ? [move(row, ticks[index])] : [])),
      );
    return { due: locked, runs: newRuns, rows: stored.flatMap((row) => (row.problem === null ? [row] : [])) };
  });
  trigger.announceStored(runs, rows);
  for (const row of due) {
    if (!row.has_task)
      logger.warn("a schedule ticked without a run: the current deployment has no such task", {
        scheduleId: row.id,
        taskId: row.task_id,
        environmentId: row.environment_id,
      });
  }
  return due.length;
}

/** The tick that is due, and those that follow it. */
interface TickMoments {
  readonly atMs: number;
  readonly upcomingMs: readonly number[];
}

function tickOf(row: DueScheduleRow): TickMoments {
  const rule = { expression: row.cron, timezone: row.timezone };
  const atMs = latestTick(rule, row.next_time_us / 1_000, row.now_us / 1_000);
  return { atMs, upcomingMs: upcomingTicks(rule, atMs, UPCOMING) };
}

function move(row: DueScheduleRow, { atMs, upcomingMs: [nextMs] }: TickMoments): TickedSchedule {
  return {
    environmentId: row.environment_id,
    scheduleId: row.id,
    nextTimeUs: nextMs === undefined ? null : nextMs * 1_000,
    lastTimeUs: row.has_task ? atMs * 1_000 : row.last_time_us,
  };
}

function runOf(row: DueScheduleRow, { atMs, upcomingMs }: TickMoments, runId: string): NewDescribedRun {
  const payload = encodeTick({
    scheduleId: row.id,
    type: row.type,
    timestampMs: atMs,
    lastTimestampMs: row.last_time_us === null ? null : row.last_time_us / 1_000,
    timezone: row.timezone,
    externalId: row.external_id,
    upcomingMs,
  });
  return {
    environmentId: row.environment_id,
    runId,
    requestId: `${row.id}_${atMs}`,
    taskId: row.task_id,
    payload,
    payloadType: TICK_PAYLOAD_TYPE,
    queue: null,
    maxAttempts: null,
    tags: [],
    isTest: false,
    traceparent: "",
    options: null,
    parentRunId: null,
    replayOfRunId: null,
    batchId: null,
    version: null,
    machine: null,
    startTimeUs: null,
    metadata: null,
    ttlMs: null,
    concurrencyKey: null,
    prioritySeconds: 0,
    scheduleId: row.id,
  };
}
