// What decides which run a trigger is, and which runs belong together.
import { index, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { bytea, key, moment } from "./columns.ts";

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
