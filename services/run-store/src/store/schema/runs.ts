// Runs as they are now, and what they were triggered with.
import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { RUN_STATUSES } from "../../run-state.ts";
import { bytea, key, moment } from "./columns.ts";

/** Enums, not text with a CHECK: a CHECK that lists words is parsed anew by every statement, which was a quarter of a small statement's time. */
export const runStatus = pgEnum("run_status", RUN_STATUSES);

/**
 * One row per run: what changes as it goes, and what ordering and matching need. The hottest table, hence narrow: what never changes is in `run_contents`, what an
 * attempt leaves behind in `attempts`. Every CHECK is one sentence of the state machine (run-state.ts), so that
 * no statement can store an impossible run. Terminal statuses come last in the enum, so `status >= 'COMPLETED'` means ended.
 */
export const runs = pgTable(
  "runs",
  {
    environment_id: key().notNull(),
    /** "run_" and 26 characters that grow with time: newest first is `id DESC`. */
    id: key().notNull(),
    task_id: key().notNull(),
    status: runStatus().notNull(),
    /** Grows by one with every change; compare-and-set on it. */
    revision: bigint({ mode: "bigint" }).notNull(),
    /** Null while no version says which, unless the trigger named one. */
    queue: key(),
    /** The version it is pinned to; null before the first attempt, unless the trigger named one. */
    deployment_id: key(),
    attempt_number: integer().notNull(),
    /** Null while no version says it, unless the trigger named it. */
    max_attempts: integer(),
    create_time: moment().notNull(),
    /** Its place in the queue, which goes by (queue_time, id): when it was queued, less its priority. */
    queue_time: moment().notNull(),
    start_time: moment(),
    finish_time: moment(),
    due_time: moment(),
    cancel_request_time: moment(),
    cancel_reason: text(),
    /** The fencing token of the lease (I2). */
    lease_token: uuid(),
    supervisor_id: key(),
    claim_time: moment(),
    /** Runs of a queue with the same key share its limits among themselves; null: none. */
    concurrency_key: key(),
    /** When it becomes EXPIRED unless it has started; null: never, and from the first claim on. */
    expire_time: moment(),
    /**
     * The last wait of the attempt. While WAITING it is under way; while QUEUED it is over, and the lease's columns say which supervisor has the suspended process; while
     * EXECUTING or CANCELING it is the one that was continued, or canceled. Null when the attempt has not waited.
     */
    wait_id: key(),
    /** The lease token under which it was suspended: the lease's own until a claim continues it, and again when that claim never reaches its supervisor. */
    suspended_token: uuid(),
    /** The machine preset of the next attempt, when it is not the task's own; null otherwise. */
    machine: text(),
    /** The seq of the last timeline entry; whoever adds one takes its number here, under this row's lock (adr/0002). */
    event_seq: bigint({ mode: "bigint" }).notNull(),
    tags: text().array().notNull(),
    is_test: boolean().notNull(),
    traceparent: text().notNull(),
  },
  (table) => {
    const isLeased = sql`(${table.status} = 'EXECUTING' OR ${table.status} = 'CANCELING' OR ${table.wait_id} IS NOT NULL)`;
    const isTimed = sql`(${table.status} = 'DELAYED' OR ${table.status} = 'RETRYING')`;
    const needsNoVersion = sql`(${table.status} = 'PENDING_VERSION' OR ${table.status} = 'DELAYED' OR ${table.status} = 'CANCELED' OR ${table.status} = 'EXPIRED')`;
    return [
      primaryKey({ columns: [table.environment_id, table.id] }),
      // For the lists of the queue, and for how many wait in one.
      index("runs_queued")
        .on(table.environment_id, table.queue, table.queue_time, table.id)
        .where(sql`${table.status} = 'QUEUED'`),
      index("runs_due")
        .on(table.due_time, table.id)
        .where(sql`${table.due_time} IS NOT NULL`),
      index("runs_leased")
        .on(table.supervisor_id)
        .where(sql`${table.supervisor_id} IS NOT NULL`),
      index("runs_expire")
        .on(table.expire_time, table.id)
        .where(sql`${table.expire_time} IS NOT NULL`),
      index("runs_pending_version")
        .on(table.environment_id, table.task_id)
        .where(sql`${table.status} = 'PENDING_VERSION'`),
      // For ListRuns. Every new version of a row costs an entry in each index whose condition it meets, so the index by status covers only what is rare or small:
      // what has not ended, and what has not ended well. A page of COMPLETED runs comes from the primary key.
      // The conditions that always hold keep an index out of every plan but of statements that repeat them: one that looks runs up by (environment, run) has no choice but the
      // primary key, however small the tables were when it was planned (store/plans.test.ts).
      index("runs_task")
        .on(table.environment_id, table.task_id, table.id)
        .where(sql`${table.task_id} <> ''`),
      index("runs_live")
        .on(table.environment_id, table.id)
        .where(sql`${table.finish_time} IS NULL`),
      index("runs_unsuccessful")
        .on(table.environment_id, table.id)
        .where(sql`${table.finish_time} IS NOT NULL AND ${table.status} <> 'COMPLETED'`),
      // Of the hot path's rows neither has any: what they cost there is a look at their condition.
      index("runs_test")
        .on(table.environment_id, table.id)
        .where(sql`${table.is_test}`),
      index("runs_failed")
        .on(table.environment_id, table.finish_time)
        .where(
          sql`${table.finish_time} IS NOT NULL AND ${table.status} <> 'COMPLETED' AND ${table.status} <> 'CANCELED'`,
        ),
      index("runs_tags")
        .using("gin", table.tags)
        .where(sql`${table.tags} <> '{}'`),
      check("runs_finished", sql`(${table.status} >= 'COMPLETED') = (${table.finish_time} IS NOT NULL)`),
      check(
        "runs_leased",
        sql`num_nonnulls(${table.lease_token}, ${table.supervisor_id}, ${table.claim_time}) = CASE WHEN ${isLeased} THEN 3 ELSE 0 END`,
      ),
      check(
        "runs_wait",
        sql`CASE WHEN ${table.wait_id} IS NULL THEN ${table.status} <> 'WAITING' AND ${table.suspended_token} IS NULL ELSE ${table.suspended_token} IS NOT NULL AND (${table.status} = 'WAITING' OR ${table.status} = 'QUEUED' OR ${table.status} = 'EXECUTING' OR ${table.status} = 'CANCELING') END`,
      ),
      check("runs_due_time", sql`${isTimed} = (${table.due_time} IS NOT NULL)`),
      check("runs_cancel", sql`${table.status} <> 'CANCELING' OR ${table.cancel_request_time} IS NOT NULL`),
      check("runs_attempts", sql`${table.attempt_number} BETWEEN 0 AND ${table.max_attempts}`),
      check("runs_started", sql`(${table.attempt_number} > 0) = (${table.start_time} IS NOT NULL)`),
      check("runs_pinned", sql`${table.attempt_number} = 0 OR ${table.deployment_id} IS NOT NULL`),
      check("runs_version_known", sql`num_nonnulls(${table.queue}, ${table.max_attempts}) = 2 OR ${needsNoVersion}`),
    ];
  },
);

/** What a run was triggered with. A row never changes but while a debounced run is DELAYED. Its unique index is what makes one request id one run (I7). */
export const runContents = pgTable(
  "run_contents",
  {
    environment_id: key().notNull(),
    run_id: key().notNull(),
    request_id: key().notNull(),
    payload: bytea().notNull(),
    payload_type: text().notNull(),
    /** An encoded windlass.v1.RunOptions without metadata; null when nothing was given. */
    options: bytea(),
    parent_run_id: key(),
    root_run_id: key(),
    replay_of_run_id: key(),
    batch_id: key(),
    schedule_id: key(),
    /** The version that the trigger asked for; null for the current one. */
    pinned_deployment_id: key(),
  },
  (table) => [
    primaryKey({ columns: [table.environment_id, table.run_id] }),
    index("run_contents_parent")
      .on(table.environment_id, table.parent_run_id, table.run_id)
      .where(sql`${table.parent_run_id} IS NOT NULL`),
    index("run_contents_batch")
      .on(table.environment_id, table.batch_id, table.run_id)
      .where(sql`${table.batch_id} IS NOT NULL`),
    index("run_contents_schedule")
      .on(table.environment_id, table.schedule_id, table.run_id)
      .where(sql`${table.schedule_id} IS NOT NULL`),
    // Its condition always holds, and keeps it out of other plans, as that of runs_task.
    uniqueIndex("run_contents_request")
      .on(table.environment_id, table.request_id)
      .where(sql`${table.request_id} <> ''`),
    check("run_contents_request_id", sql`${table.request_id} <> ''`),
    check("run_contents_family", sql`(${table.parent_run_id} IS NULL) = (${table.root_run_id} IS NULL)`),
  ],
);

/** What a task or a client says of a run as it goes; only of runs that have any. */
export const runMetadata = pgTable(
  "run_metadata",
  {
    environment_id: key().notNull(),
    run_id: key().notNull(),
    metadata: bytea().notNull(),
    metadata_type: text().notNull(),
    update_time: moment().notNull(),
  },
  (table) => [primaryKey({ columns: [table.environment_id, table.run_id] })],
);
