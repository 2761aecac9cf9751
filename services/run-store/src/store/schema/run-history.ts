// What runs leave behind as they go.
import { sql } from "drizzle-orm";
import { bigint, check, integer, pgEnum, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { ATTEMPT_OUTCOMES } from "../../run-state.ts";
import { bytea, key, moment } from "./columns.ts";
import { runStatus } from "./runs.ts";

/** An enum for the reason that runStatus gives. */
export const attemptOutcome = pgEnum("attempt_outcome", ATTEMPT_OUTCOMES);

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
