import { sql } from "drizzle-orm";
import { bigint, check, pgTable, text } from "drizzle-orm/pg-core";
import { moment } from "./columns.ts";

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
