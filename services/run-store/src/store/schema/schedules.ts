import { sql } from "drizzle-orm";
import { boolean, check, index, pgEnum, pgTable, primaryKey, text, uniqueIndex } from "drizzle-orm/pg-core";
import { key, moment } from "./columns.ts";
import { catchUp, environments } from "./environments.ts";

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
    catch_up: catchUp().notNull().default("LATEST"),
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
