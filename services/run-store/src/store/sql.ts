/** Microseconds since 1970 as a JavaScript number, which holds them exactly until the year 2255. A `Date` would cut them to milliseconds, and costs more to parse. */
export function microseconds(moment: string): string {
  return `round(date_part('epoch', ${moment}) * 1e6)`;
}

/** A moment from microseconds since 1970. */
export function momentFromMicroseconds(value: string): string {
  return `to_timestamp(${value} / 1e6)`;
}

/**
 * `column = value`, in a form for which Postgres can only look the value up in an index, once for each item and in the items' order: it takes part in no hash or merge
 * join. Left to choose, Postgres plans for a small table, keeps that plan, and reads a large one from end to end for every batch.
 * The order matters too: batches that lock the same rows in one order cannot deadlock, so callers sort their items by key.
 */
export function lookUp(column: string, value: string): string {
  return `${column} = ANY (ARRAY[${value}])`;
}

/** Looks `runs r` up by key. */
export function isRun(environmentId: string, runId: string): string {
  return `${lookUp("r.environment_id", environmentId)} AND ${lookUp("r.id", runId)}`;
}

/** True as `r.status = 'QUEUED'` is, but hidden from the planner, which would otherwise walk the index of queued runs instead of the primary key. */
export function hasStatus(status: string): string {
  return `NULLIF(r.status, '${status}') IS NULL`;
}

/**
 * The place in the queue of `runs r` that is queued for the first time: now, less its priority. Until then `queue_time` is as far before `create_time` as its trigger's priority says.
 */
export const FIRST_QUEUE_TIME = "now() - (r.create_time - r.queue_time)";

/** The outbox row of a statement whose changed runs are in `run`; none when `announce` says that nobody publishes it. */
export function outboxRow(announce: string): string {
  return `INSERT INTO outbox (environment_ids, run_ids, create_time)
  SELECT array_agg(environment_id), array_agg(id), now() FROM run WHERE ${announce} HAVING count(*) > 0
  RETURNING id`;
}

/** The id of that row, as a column of the answer; null when there is none. */
export const OUTBOX_ID = "(SELECT id FROM notice)::float8 AS outbox_id";
