import { sql } from "drizzle-orm";
import { check, integer, pgTable, text } from "drizzle-orm/pg-core";
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
  },
  (table) => [check("supervisors_ttl", sql`${table.ttl_ms} > 0`)],
);
