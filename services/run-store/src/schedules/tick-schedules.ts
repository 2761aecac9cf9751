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
import { upcomingTicks } from "./cron.ts";
import { ticksToMake } from "./missed-ticks.ts";
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
/** Beyond these, the schedules that have not had their turn stay due. One that makes up for all it missed makes up to a hundred. */
const RUNS_PER_TRANSACTION = 300;
/** How many ticks to come a payload tells. */
const UPCOMING = 10;

/**
 * Triggers the runs of those schedules whose moment has come. Moving the schedule on and storing the run is one transaction under the schedule's lock, so that a tick is exactly one run,
 * however many schedulers ask and however often: a crash before the commit leaves the tick due, one after it leaves nothing to do. Of the ticks that a downtime missed, the latest, none or
 * all are made, as the schedule says. A schedule whose task the current version lacks moves on without a run. Sort by (environment, schedule). Returns how many ticked, and when all tick next.
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
    const ticked = tickAsManyAsFit(await lockDueSchedules(tx, refs));
    const newRuns = ticked
      .flatMap((schedule) => runsOf(schedule, runIds))
      .toSorted((a, b) => compare(a.environmentId, b.environmentId) || compare(a.requestId, b.requestId));
    const stored = newRuns.length === 0 ? [] : await insertDescribedRuns(tx, newRuns, hasOutbox);
    if (ticked.length > 0) await moveSchedules(tx, ticked.map(move));
    return {
      due: ticked.map(({ row }) => row),
      runs: newRuns,
      rows: stored.flatMap((row) => (row.problem === null ? [row] : [])),
    };
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

/** A schedule whose moment has come. */
interface Ticked {
  readonly row: DueScheduleRow;
  /** The ticks to make, oldest first. */
  readonly atMs: readonly number[];
  /** Those that follow now. */
  readonly upcomingMs: readonly number[];
}

function tickAsManyAsFit(rows: readonly DueScheduleRow[]): Ticked[] {
  const ticked: Ticked[] = [];
  let runs = 0;
  for (const row of rows) {
    if (runs >= RUNS_PER_TRANSACTION) break;
    const rule = { expression: row.cron, timezone: row.timezone };
    const { atMs, latestMs } = ticksToMake(rule, row.catch_up, row.next_time_us / 1_000, row.now_us / 1_000);
    ticked.push({ row, atMs, upcomingMs: upcomingTicks(rule, latestMs, UPCOMING) });
    runs += atMs.length;
  }
  return ticked;
}

function move({ row, atMs, upcomingMs: [nextMs] }: Ticked): TickedSchedule {
  const lastMs = row.has_task ? atMs.at(-1) : undefined;
  return {
    environmentId: row.environment_id,
    scheduleId: row.id,
    nextTimeUs: nextMs === undefined ? null : nextMs * 1_000,
    lastTimeUs: lastMs === undefined ? row.last_time_us : lastMs * 1_000,
  };
}

/** The run of each tick. */
function runsOf({ row, atMs, upcomingMs }: Ticked, runIds: RunIds): NewDescribedRun[] {
  if (!row.has_task) return [];
  const momentsMs = [...atMs, ...upcomingMs];
  const lastMs = row.last_time_us === null ? null : row.last_time_us / 1_000;
  return atMs.map((ms, index) =>
    runOf(
      row,
      {
        atMs: ms,
        lastMs: atMs[index - 1] ?? lastMs,
        upcomingMs: momentsMs.slice(index + 1, index + 1 + UPCOMING),
      },
      runIds(),
    ),
  );
}

/** One tick among the others. */
interface TickMoments {
  readonly atMs: number;
  readonly lastMs: number | null;
  readonly upcomingMs: readonly number[];
}

function runOf(row: DueScheduleRow, { atMs, lastMs, upcomingMs }: TickMoments, runId: string): NewDescribedRun {
  const payload = encodeTick({
    scheduleId: row.id,
    type: row.type,
    timestampMs: atMs,
    lastTimestampMs: lastMs,
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
