export { byteaArray } from "./bytea-array.ts";
export { createPostgres } from "./postgres.ts";
export type { Postgres, PostgresOptions } from "./postgres.ts";
export type { Queryable } from "./queryable.ts";
export { runMigrations } from "./run-migrations.ts";
export type { Statement } from "./statement.ts";
