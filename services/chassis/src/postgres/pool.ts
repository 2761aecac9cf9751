import { Pool as ClientPool, type PoolClient } from "pg";
import type { Clock } from "../clock/index.ts";
import { overloaded } from "../failures/index.ts";
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
}

export interface Pool {
  /** Waits for a free connection. `limitMs`: see createConnection. */
  readonly checkOut: (limitMs?: number) => Promise<Connection>;
  readonly inUse: number;
  readonly idle: number;
  readonly waiting: number;
  /** Waits for connections in use, but not for ever. */
  close(): Promise<void>;
}

/** Postgres gives up on a statement after this; nothing of ours comes near. */
const statementLimitMs = 30_000;
/** We give up a little later, for a server that is frozen or cut off and cannot even say so. */
const answerLimitMs = statementLimitMs + 5_000;
/** How long a connection may take to be made, or to become free. */
const connectLimitMs = 5_000;
const idleInTransactionLimitMs = 60_000;
const keepAliveAfterMs = 10_000;
/** Callers waiting for a connection; more are told to come back (I10). */
const maxWaiting = 1_000;
const closeLimitMs = 5_000;

/** Connections to one database, made when needed, kept, and replaced when they break. */
export function createPool({ url, maxConnections, applicationName, logger, clock }: PoolOptions): Pool {
  const pool = new ClientPool({
    connectionString: url,
    max: maxConnections,
    application_name: applicationName,
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
  pool.on("connect", (client) => {
    clients.add(client);
    // The pool listens only while the client is idle; without a listener the process would end.
    client.on("error", (error) => logger.warn("database connection lost", { error }));
  });
  pool.on("remove", (client) => void clients.delete(client));
  pool.on("error", () => {
    // Of an idle client: logged by the listener above, and the pool has already dropped it.
  });

  return {
    checkOut: async (limitMs) => {
      if (pool.waitingCount >= maxWaiting) throw overloaded(`${maxWaiting} statements already wait for a connection.`);
      try {
        return createConnection(await pool.connect(), limitMs);
      } catch (error) {
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
      const timer = clock.setTimeout(() => {
        logger.warn("database connections cut", { inUse: pool.totalCount - pool.idleCount });
        for (const client of clients) client.connection.stream.destroy();
      }, closeLimitMs);
      await pool.end();
      timer.cancel();
    },
  };
}
