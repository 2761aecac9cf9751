import type { Queryable, Statement } from "@windlass/chassis";
import type { NewDescribedRun } from "./insert-described-runs.ts";
import { isRun } from "./sql.ts";

/** A debounce key of a task. */
export interface DebounceKey {
  readonly environmentId: string;
  readonly taskId: string;
  readonly key: string;
}

/** A key, and the run that it would stand for. */
export interface NewDebounce extends DebounceKey {
  readonly runId: string;
  /** Null: it can be put off for ever. */
  readonly maxDelayMs: number | null;
}

/** When a run that was put off is due, and expires. */
export interface PutOffRun {
  readonly dueInMs: number;
  readonly expireInMs: number | null;
}

const LOCK_DEBOUNCE: Statement = {
  name: "lock_debounce",
  text: `
INSERT INTO debounces AS d (environment_id, task_id, key, run_id, deadline_time)
VALUES ($1, $2, $3, $4, clock_timestamp() + $5::float8 * interval '1 millisecond')
ON CONFLICT (environment_id, task_id, key) DO UPDATE SET run_id = d.run_id
RETURNING run_id`,
};

const POINT_DEBOUNCE: Statement = {
  name: "point_debounce",
  text: `
UPDATE debounces SET run_id = $4, deadline_time = clock_timestamp() + $5::float8 * interval '1 millisecond'
WHERE environment_id = $1 AND task_id = $2 AND key = $3`,
};

const RELEASE_DEBOUNCE: Statement = {
  name: "release_debounce",
  text: "DELETE FROM debounces WHERE environment_id = $1 AND task_id = $2 AND key = $3",
};

// The clock as it is now: the transaction may have waited for the key.
const PUT_OFF_RUN: Statement = {
  name: "put_off_run",
  text: `
WITH moment AS MATERIALIZED (
  SELECT least(clock_timestamp() + $4::float8 * interval '1 millisecond', d.deadline_time) AS due_time
  FROM debounces d WHERE d.environment_id = $1 AND d.task_id = $2 AND d.key = $3
)
UPDATE runs r SET due_time = m.due_time, expire_time = r.expire_time + (m.due_time - r.due_time), revision = r.revision + 1
FROM moment m
WHERE ${isRun("$1", "$5")} AND NULLIF(r.status, 'DELAYED') IS NULL
RETURNING ceil(date_part('epoch', r.due_time - clock_timestamp()) * 1000) AS due_in_ms,
  ceil(date_part('epoch', r.expire_time - clock_timestamp()) * 1000) AS expire_in_ms`,
};

const REPLACE_CONTENTS: Statement = {
  name: "replace_contents",
  text: `
WITH task AS (
  SELECT d.queue, d.max_attempts FROM environments e
  JOIN runs r ON ${isRun("$1", "$2")}
  JOIN deployment_tasks d ON d.environment_id = e.id AND d.deployment_id = coalesce(r.deployment_id, e.current_deployment_id) AND d.task_id = r.task_id
  WHERE e.id = $1
), content AS (
  UPDATE run_contents SET payload = $3, payload_type = $4, options = $5 WHERE environment_id = $1 AND run_id = $2
), removed AS (
  DELETE FROM run_metadata WHERE environment_id = $1 AND run_id = $2 AND $6::bytea IS NULL
), described AS (
  INSERT INTO run_metadata (environment_id, run_id, metadata, metadata_type, update_time)
  SELECT $1, $2, $6, 'application/json', now() WHERE $6::bytea IS NOT NULL
  ON CONFLICT (environment_id, run_id) DO UPDATE SET metadata = excluded.metadata, update_time = excluded.update_time
)
UPDATE runs r SET tags = $7::text[], machine = $8, queue = coalesce($9, (SELECT queue FROM task)), max_attempts = coalesce($10, (SELECT max_attempts FROM task)),
  is_test = $11, expire_time = r.due_time + $12::float8 * interval '1 millisecond', concurrency_key = $13,
  queue_time = r.create_time - $14::float8 * interval '1 second'
WHERE ${isRun("$1", "$2")}
RETURNING ceil(date_part('epoch', r.expire_time - clock_timestamp()) * 1000) AS expire_in_ms`,
};

const keyValues = (key: DebounceKey): string[] => [key.environmentId, key.taskId, key.key];

/** Makes a key stand for a run unless it stands for one already, and locks it until the transaction ends. The run it stands for then. */
export async function lockDebounce(tx: Queryable, debounce: NewDebounce): Promise<string> {
  const [row] = await tx.query<{ run_id: string }>(LOCK_DEBOUNCE, [
    ...keyValues(debounce),
    debounce.runId,
    debounce.maxDelayMs,
  ]);
  if (row === undefined) throw new Error("a debounce key was neither taken nor found");
  return row.run_id;
}

/** Makes a locked key stand for another run. */
export async function pointDebounce(tx: Queryable, debounce: NewDebounce): Promise<void> {
  await tx.query(POINT_DEBOUNCE, [...keyValues(debounce), debounce.runId, debounce.maxDelayMs]);
}

/** Frees a locked key, whose run was not stored. */
export async function releaseDebounce(tx: Queryable, key: DebounceKey): Promise<void> {
  await tx.query(RELEASE_DEBOUNCE, keyValues(key));
}

/** Puts the run of a locked key off, at most until the key's deadline; undefined when it is not DELAYED (any more). */
export async function putOffRun(
  tx: Queryable,
  key: DebounceKey,
  runId: string,
  delayMs: number,
): Promise<PutOffRun | undefined> {
  const [row] = await tx.query<{ due_in_ms: number; expire_in_ms: number | null }>(PUT_OFF_RUN, [
    ...keyValues(key),
    delayMs,
    runId,
  ]);
  return row === undefined ? undefined : { dueInMs: row.due_in_ms, expireInMs: row.expire_in_ms };
}

/** Gives a DELAYED run, which the transaction has put off, what a later trigger says. */
export async function replaceContents(
  tx: Queryable,
  runId: string,
  run: NewDescribedRun,
): Promise<Pick<PutOffRun, "expireInMs">> {
  const [row] = await tx.query<{ expire_in_ms: number | null }>(REPLACE_CONTENTS, [
    run.environmentId,
    runId,
    run.payload,
    run.payloadType,
    run.options,
    run.metadata,
    run.tags,
    run.machine,
    run.queue,
    run.maxAttempts,
    run.isTest,
    run.ttlMs,
    run.concurrencyKey,
    run.prioritySeconds,
  ]);
  if (row === undefined) throw new Error(`the run ${runId}, which was put off, is missing`);
  return { expireInMs: row.expire_in_ms };
}
