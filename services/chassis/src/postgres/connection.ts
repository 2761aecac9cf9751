import { DatabaseError, type PoolClient, type QueryConfig, type QueryResult } from "pg";
import { callFailureFromPostgres, isStalePlan } from "./postgres-failure.ts";

/** A pooled connection while somebody uses it. */
export interface Connection {
  /** Runs one query. A connection that is gone becomes UNAVAILABLE, NOT_READY. */
  readonly run: (config: QueryConfig, values?: readonly unknown[]) => Promise<QueryResult>;
  /** Gives it back: to be used again if it answered everything and is in no transaction, else to be closed. */
  readonly release: () => void;
  /** Closes it instead of giving it back, with whatever was set on it. */
  readonly close: () => void;
}

/**
 * `onLeave` is called when it is released or closed. `limitMs` is how long a query may go unanswered; the pool's own limit
 * without it.
 */
export function createConnection(client: PoolClient, onLeave: () => void, limitMs?: number): Connection {
  let isReusable = true;
  const limit = limitMs === undefined ? undefined : { query_timeout: limitMs };
  return {
    run: async (config, values = []) => {
      try {
        return await client.query({ ...config, ...limit, values: [...values] });
      } catch (error) {
        // A statement that was refused leaves the connection as good as new; without an answer nothing is known about it.
        if (!(error instanceof DatabaseError) || isStalePlan(error)) isReusable = false;
        throw callFailureFromPostgres(error);
      }
    },
    release: () => {
      client.release(!isReusable || client.getTransactionStatus() !== "I");
      onLeave();
    },
    close: () => {
      client.release(true);
      onLeave();
    },
  };
}
