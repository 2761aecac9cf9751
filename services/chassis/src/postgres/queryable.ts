import type { Connection } from "./connection.ts";
import type { Statement } from "./statement.ts";

/** What statements run on: the pool, a transaction or a session. */
export interface Queryable {
  /** Runs a prepared statement and returns its rows. */
  query<Row extends object>(statement: Statement, values?: readonly unknown[]): Promise<Row[]>;
}

/** Statements on one connection, in order. */
export function queryableOn(connection: Connection): Queryable {
  return { query: async (statement, values) => (await connection.run(statement, values)).rows };
}
