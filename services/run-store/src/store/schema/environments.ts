// Environments and the versions deployed to them: one file, because the two point at each other.
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
} from "drizzle-orm/pg-core";
import { bytea, key, moment } from "./columns.ts";

/** What becomes of a schedule's ticks that a downtime missed. */
export const catchUp = pgEnum("catch_up", ["LATEST", "NONE", "ALL"]);

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

/** Versions. A row never changes, but for what it replaced. */
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
    /** The older version that was current before this one last became so; null when there was none. A rollback goes there, hence always to an older one. */
    replaced_deployment_id: key(),
  },
  (table) => [
    primaryKey({ columns: [table.environment_id, table.id] }),
    unique("deployments_version").on(table.environment_id, table.version),
    foreignKey({
      name: "deployments_replaced",
      columns: [table.environment_id, table.replaced_deployment_id],
      foreignColumns: [table.environment_id, table.id],
    }),
    check("deployments_replaced_older", sql`${table.replaced_deployment_id} < ${table.id}`),
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
    /** Each attempt is executed by a process of its own. */
    needs_fresh_process: boolean().notNull().default(false),
    is_scheduled: boolean().notNull().default(false),
    /** What its payloads look like, as the text of a JSON Schema; null: not known. */
    payload_schema_json: text(),
    cron: text(),
    cron_timezone: text(),
    /** Null as `cron` is. */
    cron_catch_up: catchUp(),
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
