// The settings of queues, and who owns which part of the queue space.
import { sql } from "drizzle-orm";
import { bigint, boolean, check, integer, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { key, moment } from "./columns.ts";
import { environments } from "./environments.ts";

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
