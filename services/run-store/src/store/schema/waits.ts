// What runs wait for.
import { sql } from "drizzle-orm";
import { check, index, pgEnum, pgTable, primaryKey, text, uniqueIndex, uuid } from "drizzle-orm/pg-core";
import { bytea, key, moment } from "./columns.ts";

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

/**
 * The same of waits for batches, each for all runs of the batch: they are named by its id, so that a wait for 100,000 runs is one row.
 */
export const batchWaits = pgTable(
  "batch_waits",
  {
    environment_id: key().notNull(),
    run_id: key().notNull(),
    batch_id: key().notNull(),
    lease_token: uuid().notNull(),
    wait_id: key().notNull(),
  },
  (table) => [primaryKey({ columns: [table.environment_id, table.run_id] })],
);
