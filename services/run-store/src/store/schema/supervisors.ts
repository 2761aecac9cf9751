import { sql } from "drizzle-orm";
import { boolean, check, doublePrecision, integer, pgTable, text } from "drizzle-orm/pg-core";
import { key, moment } from "./columns.ts";

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
    /** What it can execute at once; null: it is of a release that does not say. */
    workers: integer(),
    /** What machines may add up to; 0: not counted. */
    vcpu: doublePrecision().notNull().default(0),
    memory_gb: doublePrecision().notNull().default(0),
    machines: text().array().notNull().default([]),
    /** The release that it runs; "" of one that does not say. */
    release: text().notNull().default(""),
    /** As its last heartbeat said. */
    executing: integer().notNull().default(0),
    suspended: integer().notNull().default(0),
    is_draining: boolean().notNull().default(false),
  },
  (table) => [check("supervisors_ttl", sql`${table.ttl_ms} > 0`)],
);
