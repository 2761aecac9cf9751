// Every table of the cluster. The run-store is the only program that opens this database.
// Keys lead with the environment id, so that tables can be distributed by it. The first migration is generated from this file, then edited by hand for what drizzle-kit cannot
// express: `run_events` partitioned by day, and the storage of bundles.
import { sql } from "drizzle-orm";
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  doublePrecision,
  foreignKey,
  index,
  integer,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { ATTEMPT_OUTCOMES, RUN_STATUSES } from "../run-state.ts";
import { bytea, key, moment } from "./columns.ts";

/** Enums, not text with a CHECK: a CHECK that lists words is parsed anew by every statement, which was a quarter of a small statement's time. */
export const runStatus = pgEnum("run_status", RUN_STATUSES);
export const attemptOutcome = pgEnum("attempt_outcome", ATTEMPT_OUTCOMES);

export const environments = pgTable(
  "environments",
  {
    id: key().primaryKey(),
    slug: key().notNull().unique(),
    type: text().$type<"DEVELOPMENT" | "STAGING" | "PRODUCTION">().notNull(),
    project: text().notNull(),
    /** The version that new runs take; null until the first is deployed. */
    current_deployment_id: key(),
    /** How many of its runs may execute at once; null: without limit. */
    concurrency_limit: integer(),
    /** Which part of the queue space it belongs to, 0 to QUEUE_SHARDS - 1. Never changes. */
    queue_shard: integer()
      .notNull()
      .generatedAlwaysAs(sql`(hashtext(id) & 2147483647) % 8`),
    /** Grows with every change of the environment's variables. */
    variables_revision: bigint({ mode: "bigint" })
      .notNull()
      .default(sql`0`),
    create_time: moment().notNull().defaultNow(),
  },
  (table) => [
    index("environments_queue_shard").on(table.queue_shard, table.id),
    check("environments_type", sql`${table.type} IN ('DEVELOPMENT', 'STAGING', 'PRODUCTION')`),
    foreignKey({
      name: "environments_current_deployment",
      columns: [table.id, table.current_deployment_id],
      foreignColumns: [deployments.environment_id, deployments.id],
    }),
  ],
);

export const apiKeys = pgTable(
  "api_keys",
  {
    environment_id: key()
      .notNull()
      .references(() => environments.id),
    id: key().primaryKey(),
    name: text().notNull(),
    /** SHA-256 of the key; the key itself is never stored. */
    hash: bytea().notNull().unique(),
    last_four: text().notNull(),
    create_time: moment().notNull().defaultNow(),
    revoke_time: moment(),
  },
  (table) => [
    index("api_keys_environment").on(table.environment_id, table.id),
    check("api_keys_hash", sql`octet_length(${table.hash}) = 32`),
  ],
);

/** What an environment defines for its tasks to find in process.env. */
export const environmentVariables = pgTable(
  "environment_variables",
  {
    environment_id: key()
      .notNull()
      .references(() => environments.id),
    name: key().notNull(),
    value: text().notNull(),
    update_time: moment().notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.environment_id, table.name] })],
);

/** Code, addressed by the SHA-256 of its bytes and shared by every deployment that has the same. */
export const bundles = pgTable(
  "bundles",
  {
    hash: key().primaryKey(),
    // Its content is stored EXTERNAL (out of line, not compressed), so that a chunk of it is read without the rest.
    size: bigint({ mode: "number" }).notNull(),
    content: bytea().notNull(),
    create_time: moment().notNull().defaultNow(),
  },
  (table) => [
    check("bundles_hash", sql`${table.hash} ~ '^[0-9a-f]{64}$'`),
    check("bundles_size", sql`${table.size} = octet_length(${table.content})`),
  ],
);

/** Versions. A row never changes. */
export const deployments = pgTable(
  "deployments",
  {
    environment_id: key()
      .notNull()
      .references((): AnyPgColumn => environments.id),
    id: key().notNull(),
    version: text().notNull(),
    bundle_hash: key()
      .notNull()
      .references(() => bundles.hash),
    /** SHA-256 of the task index, so that an upload equal to the current version is recognised. */
    index_hash: key().notNull(),
    create_time: moment().notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.environment_id, table.id] }),
    unique("deployments_version").on(table.environment_id, table.version),
  ],
);

/** What indexing found in a version. A row never changes. */
export const deploymentTasks = pgTable(
  "deployment_tasks",
  {
    environment_id: key().notNull(),
    deployment_id: key().notNull(),
    task_id: key().notNull(),
    file_path: text().notNull(),
    export_name: text().notNull(),
    queue: key().notNull(),
    max_attempts: integer().notNull(),
    retry_factor: doublePrecision().notNull(),
    retry_min_ms: integer().notNull(),
    retry_max_ms: integer().notNull(),
    retry_randomize: boolean().notNull(),
    /** The machine preset on which an attempt that ran out of memory is repeated; null: it is not. */
    retry_out_of_memory_machine: text(),
    retry_disabled_in_development: boolean().notNull().default(false),
    description: text().notNull().default(""),
    /** Seconds that an attempt may run; null: without limit. */
    max_duration_s: integer(),
    machine: text().notNull().default("small-1x"),
    /** How many runs of its queue may execute at once; null: without limit. */
    concurrency_limit: integer(),
    rate_limit: integer(),
    rate_period_ms: integer(),
    rate_is_per_key: boolean(),
    max_length: integer(),
    is_scheduled: boolean().notNull().default(false),
    cron: text(),
    cron_timezone: text(),
  },
  (table) => [
    primaryKey({ columns: [table.environment_id, table.deployment_id, table.task_id] }),
    foreignKey({
      name: "deployment_tasks_deployment",
      columns: [table.environment_id, table.deployment_id],
      foreignColumns: [deployments.environment_id, deployments.id],
    }),
    check("deployment_tasks_max_attempts", sql`${table.max_attempts} BETWEEN 1 AND 100`),
    check("deployment_tasks_retry_factor", sql`${table.retry_factor} BETWEEN 1 AND 100`),
    check(
      "deployment_tasks_retry_ms",
      sql`0 <= ${table.retry_min_ms} AND ${table.retry_min_ms} <= ${table.retry_max_ms}`,
    ),
  ],
);

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

/** Which run an idempotency key stands for (I7). A key whose run has ended badly, or whose time is over, is free: the next trigger takes it over. */
export const idempotencyKeys = pgTable(
  "idempotency_keys",
  {
    environment_id: key().notNull(),
    task_id: key().notNull(),
    key: key().notNull(),
    run_id: key().notNull(),
    expire_time: moment().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.environment_id, table.task_id, table.key] }),
    index("idempotency_keys_expire").on(table.expire_time),
  ],
);

export const tokenStatus = pgEnum("token_status", ["PENDING", "COMPLETED", "TIMED_OUT"]);

/** Wait tokens: promises that anybody with the right to completes once. */
export const waitTokens = pgTable(
  "wait_tokens",
  {
    environment_id: key().notNull(),
    id: key().notNull(),
    status: tokenStatus().notNull(),
    /** SHA-256 of the secret in the token's url. */
    secret_hash: bytea().notNull(),
    /** Null when none was given. */
    idempotency_key: key(),
    tags: text().array().notNull(),
    data: bytea(),
    data_type: text(),
    create_time: moment().notNull(),
    timeout_time: moment(),
    finish_time: moment(),
  },
  (table) => [
    primaryKey({ columns: [table.environment_id, table.id] }),
    uniqueIndex("wait_tokens_idempotency_key")
      .on(table.environment_id, table.idempotency_key)
      .where(sql`${table.idempotency_key} IS NOT NULL`),
    index("wait_tokens_timeout")
      .on(table.timeout_time, table.id)
      .where(sql`${table.status} = 'PENDING' AND ${table.timeout_time} IS NOT NULL`),
    check("wait_tokens_secret_hash", sql`octet_length(${table.secret_hash}) = 32`),
    check("wait_tokens_finished", sql`(${table.status} <> 'PENDING') = (${table.finish_time} IS NOT NULL)`),
    check("wait_tokens_data", sql`(${table.data} IS NULL) = (${table.data_type} IS NULL)`),
  ],
);

/**
 * One row per ended attempt, written in the statement that ends it (I8). A row never changes. The output and error of a run are those of its last attempt.
 * Its lease token lets a late duplicate of the same end be answered OK (I2).
 */
export const attempts = pgTable(
  "attempts",
  {
    environment_id: key().notNull(),
    run_id: key().notNull(),
    number: integer().notNull(),
    outcome: attemptOutcome().notNull(),
    supervisor_id: key().notNull(),
    lease_token: uuid().notNull(),
    start_time: moment().notNull(),
    finish_time: moment().notNull(),
    output: bytea(),
    output_type: text(),
    /** An encoded windlass.v1.RunError. */
    error: bytea(),
    /** An encoded windlass.v1.Attempt that has only `hooks`; null when no hook ran. */
    hooks: bytea(),
  },
  (table) => [
    primaryKey({ columns: [table.environment_id, table.run_id, table.number] }),
    check("attempts_number", sql`${table.number} > 0`),
    check("attempts_output", sql`(${table.output} IS NULL) = (${table.output_type} IS NULL)`),
  ],
);

/**
 * The timeline in chunks (adr/0002): entries first_seq to first_seq + count - 1 of a run. `events` is an encoded windlass.v1.WatchRunResponse whose events have no
 * seq; it may be empty. A status change is not in `events` but in `status`, and is the chunk's last entry. Partitioned by day of `time`, so that old days are dropped, not deleted.
 */
export const runEvents = pgTable(
  "run_events",
  {
    environment_id: key().notNull(),
    run_id: key().notNull(),
    first_seq: bigint({ mode: "bigint" }).notNull(),
    count: integer().notNull(),
    status: runStatus(),
    attempt_number: integer().notNull(),
    time: moment().notNull(),
    events: bytea(),
  },
  (table) => [
    primaryKey({ columns: [table.environment_id, table.run_id, table.first_seq, table.time] }),
    check("run_events_count", sql`${table.count} > 0`),
  ],
);

/** Supervisors that live. A row is removed when its supervisor leaves or expires; a run's lease lives exactly as long as this row. */
export const supervisors = pgTable(
  "supervisors",
  {
    id: key().primaryKey(),
    hostname: text().notNull(),
    sandbox_tier: text().notNull(),
    ttl_ms: integer().notNull(),
    register_time: moment().notNull(),
    expire_time: moment().notNull(),
  },
  (table) => [check("supervisors_ttl", sql`${table.ttl_ms} > 0`)],
);

/** Queues that have settings: declared by the tasks of the current deployment, or set by hand. */
export const queues = pgTable(
  "queues",
  {
    environment_id: key()
      .notNull()
      .references(() => environments.id),
    name: key().notNull(),
    /** Of the current deployment; null: none. */
    declared_limit: integer(),
    /** Set by hand, and stronger; null: none. */
    override_limit: integer(),
    is_paused: boolean().notNull().default(false),
    rate_limit: integer(),
    rate_period_ms: integer(),
    rate_is_per_key: boolean(),
    max_length: integer(),
    create_time: moment().notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.environment_id, table.name] }),
    check(
      "queues_rate",
      sql`num_nonnulls(${table.rate_limit}, ${table.rate_period_ms}, ${table.rate_is_per_key}) IN (0, 3)`,
    ),
  ],
);

/** Queue services that live. A row whose time is over owns nothing. */
export const queueServices = pgTable("queue_services", {
  id: key().primaryKey(),
  address: text().notNull(),
  expire_time: moment().notNull(),
});

/** Which queue service owns a shard of the queue space, and under which epoch its claims are accepted (I4). */
export const queueEpochs = pgTable("queue_epochs", {
  shard: integer().primaryKey(),
  epoch: bigint({ mode: "number" }).notNull(),
  /** A queue service's id; "" when nobody owns it. */
  owner: text().notNull(),
  acquire_time: moment().notNull(),
});

/**
 * What a run that is suspended, or about to be, waits for, as far as that is runs: so that runs that wait for each other are found. A row is about one wait under one lease, and
 * says nothing once its run has another lease, or none; it is removed when the wait ends.
 */
export const runWaits = pgTable(
  "run_waits",
  {
    environment_id: key().notNull(),
    run_id: key().notNull(),
    awaited_run_id: key().notNull(),
    lease_token: uuid().notNull(),
    wait_id: key().notNull(),
  },
  (table) => [primaryKey({ columns: [table.environment_id, table.run_id, table.awaited_run_id] })],
);

export const scheduleType = pgEnum("schedule_type", ["DECLARATIVE", "IMPERATIVE"]);

/** Schedules. A tick is the statement that moves `next_time` on and stores the run, so each is exactly one run, however many schedulers there are. */
export const schedules = pgTable(
  "schedules",
  {
    environment_id: key()
      .notNull()
      .references(() => environments.id),
    id: key().notNull(),
    task_id: key().notNull(),
    type: scheduleType().notNull(),
    cron: text().notNull(),
    timezone: text().notNull(),
    /** Of a declarative one: its task. */
    deduplication_key: key().notNull(),
    external_id: text().notNull(),
    /** The switch in people's hands. */
    is_active: boolean().notNull(),
    /** False while the current deployment does not declare a declarative one: it does not tick, however the switch stands. */
    is_declared: boolean().notNull().default(true),
    /** Null when it does not tick, or its expression has no further moment. */
    next_time: moment(),
    last_time: moment(),
    create_time: moment().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.environment_id, table.id] }),
    // Its condition always holds, and keeps it out of other plans, as that of runs_task.
    uniqueIndex("schedules_deduplication_key")
      .on(table.environment_id, table.type, table.deduplication_key)
      .where(sql`${table.deduplication_key} <> ''`),
    index("schedules_due")
      .on(table.next_time, table.id)
      .where(sql`${table.next_time} IS NOT NULL`),
    check("schedules_active", sql`(${table.is_active} AND ${table.is_declared}) OR ${table.next_time} IS NULL`),
  ],
);

/** Batches that exist; their runs name them in run_contents. */
export const batches = pgTable(
  "batches",
  {
    environment_id: key().notNull(),
    id: key().notNull(),
    create_time: moment().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.environment_id, table.id] }),
    index("batches_newest").on(table.environment_id, table.create_time, table.id),
  ],
);

/** Items of batches that could not become runs. */
export const batchFailures = pgTable(
  "batch_failures",
  {
    environment_id: key().notNull(),
    batch_id: key().notNull(),
    request_id: key().notNull(),
    task_id: text().notNull(),
    /** An encoded windlass.v1.CallError. */
    error: bytea().notNull(),
  },
  (table) => [primaryKey({ columns: [table.environment_id, table.batch_id, table.request_id] })],
);

/** Which DELAYED run further triggers of a debounce key put off. A row whose run has begun is replaced by the next trigger. */
export const debounces = pgTable(
  "debounces",
  {
    environment_id: key().notNull(),
    task_id: key().notNull(),
    key: key().notNull(),
    run_id: key().notNull(),
    /** It cannot be put off beyond this; null: for ever. */
    deadline_time: moment(),
  },
  (table) => [primaryKey({ columns: [table.environment_id, table.task_id, table.key] })],
);

/** Which runs a transaction changed, until NATS has been told. One row per transaction; removed after publication. */
export const outbox = pgTable(
  "outbox",
  {
    id: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    environment_ids: text().array().notNull(),
    run_ids: text().array().notNull(),
    create_time: moment().notNull(),
  },
  (table) => [check("outbox_pairs", sql`cardinality(${table.environment_ids}) = cardinality(${table.run_ids})`)],
);
