import { backoffMs } from "@windlass/proto/grpc";
import { type Clock, systemClock } from "../clock/index.ts";
import { notReady } from "../failures/index.ts";
import type { Component } from "../lifecycle/index.ts";
import type { Logger, Telemetry } from "../telemetry/index.ts";
import type { Connection } from "./connection.ts";
import { createDatabaseMetrics } from "./database-metrics.ts";
import { createPool } from "./pool.ts";
import { isWorthRetrying } from "./postgres-failure.ts";
import { type Queryable, queryableOn } from "./queryable.ts";
import type { Statement } from "./statement.ts";

/** A connection of one's own. */
export interface Session extends Queryable {
  /** Runs a query as node-postgres describes it, for what is built on that. */
  readonly run: Connection["run"];
}

/** One database, through a pool of connections. */
export interface Postgres extends Component, Queryable {
  /** Runs `work` in a transaction: commits when it resolves, rolls back when it throws. Not retried. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /**
   * Runs `work` on a connection of its own, which is closed afterwards: for session locks and settings. Each of its
   * statements may take `limitMs`.
   */
  session<T>(limitMs: number, work: (session: Session) => Promise<T>): Promise<T>;
}

export interface PostgresOptions {
  readonly url: string;
  readonly maxConnections: number;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  /** What pg_stat_activity calls us. */
  readonly applicationName: string;
  readonly clock?: Clock;
  /** How long `start` waits for the database (default 30 s). */
  readonly startLimitMs?: number;
}

const maxRetries = 3;
const firstRetryMs = 10;
const firstWaitMs = 100;
const longestWaitMs = 2_000;
/** On top of a session's limit, so that Postgres's own time-out comes first and says what happened. */
const answerMarginMs = 5_000;

const ready: Statement = { name: "chassis_ready", text: "select 1" };

/**
 * Builds the pool. `start` waits for the database, and says in the log why; afterwards a restart of Postgres costs the
 * statements in flight (UNAVAILABLE, NOT_READY: done or not, nobody knows), and the pool connects again by itself.
 * A statement refused for a deadlock or a serialization conflict is sent up to three times more.
 */
export function createPostgres(options: PostgresOptions): Postgres {
  const { logger, telemetry, clock = systemClock, startLimitMs = 30_000 } = options;
  const pool = createPool({ ...options, clock });
  const metrics = createDatabaseMetrics(telemetry, pool);
  const stopped = new AbortController();
  let stopping: Promise<void> | undefined;

  const withConnection = async <T>(work: (connection: Connection) => Promise<T>): Promise<T> => {
    const connection = await pool.checkOut();
    try {
      return await work(connection);
    } finally {
      connection.release();
    }
  };

  const query = async <Row extends object>(statement: Statement, values?: readonly unknown[]): Promise<Row[]> => {
    for (let retries = 0; ; retries += 1) {
      const end = metrics.begin(statement.name);
      try {
        return (await withConnection((connection) => connection.run(statement, values))).rows;
      } catch (error) {
        if (!isWorthRetrying(error) || retries >= maxRetries) throw error;
        logger.debug("statement retried", { statement: statement.name, error });
      } finally {
        end();
      }
      await clock.sleep(backoffMs(retries + 1, { firstMs: firstRetryMs }), stopped.signal);
    }
  };

  const transaction = <T>(work: (tx: Queryable) => Promise<T>): Promise<T> =>
    withConnection(async (connection) => {
      await connection.run({ text: "begin" });
      try {
        const result = await work(queryableOn(connection));
        await connection.run({ text: "commit" });
        return result;
      } catch (error) {
        // Should this fail, the connection is closed, which rolls back as well; the caller must hear of the first error.
        await connection.run({ text: "rollback" }).catch(() => undefined);
        throw error;
      }
    });

  const session = async <T>(limitMs: number, work: (session: Session) => Promise<T>): Promise<T> => {
    const connection = await pool.checkOut(limitMs + answerMarginMs);
    try {
      await connection.run({ text: `set statement_timeout = ${Math.ceil(limitMs)}` });
      return await work({ ...queryableOn(connection), run: connection.run });
    } finally {
      connection.close();
    }
  };

  const start = async () => {
    metrics.start();
    const deadlineMs = clock.monotonicMs() + startLimitMs;
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
      try {
        await query(ready);
        return;
      } catch (error) {
        stopped.signal.throwIfAborted();
        if (clock.monotonicMs() + waitMs > deadlineMs) {
          throw notReady(`Postgres could not be used within ${startLimitMs} ms.`, error);
        }
        logger.warn("waiting for Postgres", { error, retryInMs: waitMs });
      }
      await clock.sleep(waitMs, stopped.signal);
    }
  };

  const close = async () => {
    stopped.abort(new Error("Postgres was stopped"));
    await pool.close();
  };

  return {
    name: "postgres",
    start,
    stop: () => (stopping ??= close()),
    query,
    transaction,
    session,
  };
}
