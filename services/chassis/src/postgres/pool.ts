import { Pool as ClientPool, type PoolClient } from "pg";
import type { Clock } from "../clock/index.ts";
import { notReady, overloaded } from "../failures/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { type Connection, createConnection } from "./connection.ts";
import { callFailureFromPostgres } from "./postgres-failure.ts";
import { typeParsers } from "./type-parsers.ts";

export interface PoolOptions {
  readonly url: string;
  readonly maxConnections: number;
  readonly applicationName: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** How long a connection may take to be made, or to become free (default 5 s). */
  readonly connectLimitMs?: number;
}

export interface Pool {
  /** Waits for a free connection, which must be released or closed. `limitMs`: see createConnection. */
  readonly checkOut: (limitMs?: number) => Promise<Connection>;
  readonly inUse: number;
  readonly idle: number;
  readonly waiting: number;
  /** Refuses new users, waits up to 5 s for those it has, and closes all connections. */
  close(): Promise<void>;
}

/** Postgres gives up on a statement after this; nothing of ours comes near. */
const statementLimitMs = 30_000;
/** We give up a little later, for a server that is frozen or cut off and cannot even say so. */
const answerLimitMs = statementLimitMs + 5_000;
const idleInTransactionLimitMs = 60_000;
const keepAliveAfterMs = 10_000;
/** Callers waiting for a connection; more are told to come back (I10). */
const maxWaiting = 1_000;
const closeLimitMs = 5_000;

/** Connections to one database, made when needed, kept, and replaced when they break. */
export function createPool(options: PoolOptions): Pool {
  const { logger, clock, connectLimitMs = 5_000 } = options;
  const pool = new ClientPool({
    connectionString: options.url,
    max: options.maxConnections,
    application_name: options.applicationName,
    types: typeParsers,
    connectionTimeoutMillis: connectLimitMs,
    statement_timeout: statementLimitMs,
    query_timeout: answerLimitMs,
    idle_in_transaction_session_timeout: idleInTransactionLimitMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveAfterMs,
    // Connections stay open: a new one costs several milliseconds and prepares every statement anew.
    idleTimeoutMillis: 0,
  });
  const clients = new Set<PoolClient>();
  /** Who has a connection or waits for one. The driver forgets those who wait when it is closed, so we wait for them first. */
  let users = 0;
  let closing: PromiseWithResolvers<void> | undefined;

  pool.on("connect", (client) => {
    clients.add(client);
    // The pool listens only while the client is idle; without a listener the process would end.
    client.on("error", (error) => logger.warn("database connection lost", { error }));
  });
  pool.on("remove", (client) => void clients.delete(client));
  pool.on("error", () => {
    // Of an idle client: logged by the listener above, and the pool has already dropped it.
  });

  const leave = () => {
    users -= 1;
    if (users === 0) closing?.resolve();
  };

  return {
    checkOut: async (limitMs) => {
      if (closing !== undefined) throw notReady("The database connections are closed.");
      if (pool.waitingCount >= maxWaiting) throw overloaded(`${maxWaiting} statements already wait for a connection.`);
      users += 1;
      try {
        return createConnection(await pool.connect(), leave, limitMs);
      } catch (error) {
        leave();
        throw callFailureFromPostgres(error);
      }
    },
    get inUse() {
      return pool.totalCount - pool.idleCount;
    },
    get idle() {
      return pool.idleCount;
    },
    get waiting() {
      return pool.waitingCount;
    },
    async close() {
      closing = Promise.withResolvers();
      const timer = clock.setTimeout(() => {
        logger.warn("database connections cut", { inUse: pool.totalCount - pool.idleCount });
        for (const client of clients) client.connection.stream.destroy();
      }, closeLimitMs);
      if (users > 0) await closing.promise;
      await pool.end();
      timer.cancel();
    },
  };
}
