import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { PoolClient } from "pg";
import type { Connection } from "./connection.ts";
import { loadDrizzle } from "./load-drizzle.ts";
import type { Statement } from "./statement.ts";

/** What statements run on: the pool, a transaction or a session. */
export interface Queryable {
  /** Runs a prepared statement and returns its rows. */
  query<Row extends object>(statement: Statement, values?: readonly unknown[]): Promise<Row[]>;
  /**
   * For what is not on the hot path. What it throws has the reason, a CallFailure or Postgres's own error, as its `cause`.
   * In raw queries it leaves int8 and timestamps as text; its columns convert them.
   */
  readonly drizzle: NodePgDatabase;
}

/** Statements on one connection, in order. */
export function queryableOn(connection: Connection): Queryable {
  return {
    query: async (statement, values) => (await connection.run(statement, values)).rows,
    get drizzle() {
      return drizzleOn({ query: connection.run });
    },
  };
}

/** Statements of drizzle on whichever connection is free; its transactions stay on one. */
export function drizzleOnPool(checkOut: () => Promise<Connection>): NodePgDatabase {
  return drizzleOn(new DrizzlePool(checkOut));
}

/** Drizzle asks no more of a client than `query`, and of one whose class is named like a pool also `connect`. */
class DrizzlePool {
  readonly connect: () => Promise<{ query: Connection["run"]; release: () => void }>;
  readonly query: Connection["run"];

  constructor(checkOut: () => Promise<Connection>) {
    this.connect = async () => {
      const { run, release } = await checkOut();
      return { query: run, release };
    };
    this.query = async (config, values) => {
      const { run, release } = await checkOut();
      try {
        return await run(config, values);
      } finally {
        release();
      }
    };
  }
}

function drizzleOn(client: { query: Connection["run"] }): NodePgDatabase {
  return loadDrizzle().drizzle(client as unknown as PoolClient);
}
