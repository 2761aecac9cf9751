import type { Queryable, Statement } from "@windlass/chassis";
import { isRun, OUTBOX_ID, outboxRow } from "./sql.ts";
import { nextStatusSql } from "./state-sql.ts";

/** A run whose time to live was over before it began. */
export interface ExpiredRunRow {
  readonly environment_id: string;
  readonly id: string;
  readonly task_id: string;
  readonly revision: number;
  readonly event_seq: number;
  readonly outbox_id: number | null;
}

const NEXT = nextStatusSql("expire");

// Under each run's lock: a claim that comes at the same moment has either cleared the time, or finds the run ended.
export const EXPIRE_RUNS: Statement = {
  name: "expire_runs",
  text: `
WITH run AS (
  UPDATE runs r SET status = ${NEXT}, revision = r.revision + 1, due_time = NULL, expire_time = NULL, finish_time = now(), event_seq = r.event_seq + 1
  FROM unnest($1::text[], $2::text[]) AS i (environment_id, run_id)
  WHERE ${isRun("i.environment_id", "i.run_id")} AND (r.expire_time <= now()) IS TRUE AND (${NEXT} IS NOT NULL) IS TRUE
  RETURNING r.environment_id, r.id, r.task_id, r.status, r.attempt_number, r.revision, r.event_seq
), event AS (
  INSERT INTO run_events (environment_id, run_id, first_seq, count, status, attempt_number, time)
  SELECT environment_id, id, event_seq, 1, status, attempt_number, now() FROM run
), notice AS (
  ${outboxRow("$3")}
)
SELECT environment_id, id, task_id, revision::float8, event_seq::float8, ${OUTBOX_ID} FROM run`,
};

export const SELECT_RUN_EXPIRIES: Statement = {
  name: "select_run_expiries",
  text: `
SELECT r.environment_id, r.id, ceil(date_part('epoch', r.expire_time - now()) * 1000) AS expire_in_ms
FROM unnest($1::text[], $2::text[]) AS i (environment_id, run_id)
JOIN runs r ON ${isRun("i.environment_id", "i.run_id")}
WHERE (r.expire_time IS NULL) IS FALSE`,
};

type RunRef = { readonly environmentId: string; readonly runId: string };

const columns = (runs: readonly RunRef[]): string[][] => [
  runs.map((run) => run.environmentId),
  runs.map((run) => run.runId),
];

/** Ends those of the runs as EXPIRED that have not begun and whose time is over by the database's clock. Sort by (environment, run). */
export function expireRuns(db: Queryable, runs: readonly RunRef[], announce: boolean): Promise<ExpiredRunRow[]> {
  return db.query<ExpiredRunRow>(EXPIRE_RUNS, [...columns(runs), announce]);
}

/** When those of the runs that may expire do so, from now. */
export function selectRunExpiries(
  db: Queryable,
  runs: readonly RunRef[],
): Promise<{ readonly environment_id: string; readonly id: string; readonly expire_in_ms: number }[]> {
  return db.query(SELECT_RUN_EXPIRIES, columns(runs));
}
