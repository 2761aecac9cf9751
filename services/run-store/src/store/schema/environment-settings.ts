// What people set for an environment: who may call it, and what its tasks find in process.env.
import { sql } from "drizzle-orm";
import { boolean, check, index, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { bytea, key, moment } from "./columns.ts";
import { environments } from "./environments.ts";

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
    /** The value as it was before there was encryption; the next start of a run-store seals it. */
    value: text(),
    /** The value, encrypted for this environment and name. */
    sealed: bytea(),
    /** Of the key that opens it. */
    key_id: text(),
    /** Whether it is kept out of what tasks log. */
    is_secret: boolean().notNull().default(true),
    update_time: moment().notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.environment_id, table.name] }),
    check("environment_variables_sealed", sql`(${table.value} IS NULL) = (${table.sealed} IS NOT NULL)`),
    check("environment_variables_key", sql`(${table.sealed} IS NULL) = (${table.key_id} IS NULL)`),
  ],
);
