import { CallFailure } from "@windlass/proto/grpc";
import { DatabaseError } from "pg";
import { notReady } from "../failures/index.ts";

/**
 * SQLSTATEs that say "not now": the server is starting, stopping, in recovery, out of connections, or took too long.
 * Class 08 is connection exceptions; see https://www.postgresql.org/docs/current/errcodes-appendix.html.
 */
const unavailableStates = /^(?:08...|57P0[1-5]|53300|53400|57014|55P03|25006)$/;

/** node-postgres raises these as plain errors without a code; they all mean that the connection is gone or was not to be had. */
const unavailableMessages = [
  "Connection terminated",
  "Client has encountered a connection error",
  "Client was closed",
  "timeout exceeded when trying to connect",
  "Query read timeout",
  "Cannot use a pool after calling end",
];

/** Whether the same statement, sent again, may well work: it did nothing, because of what others did at the same time. */
export function isWorthRetrying(error: unknown): boolean {
  return hasState(error, "40001") || hasState(error, "40P01") || isStalePlan(error);
}

/**
 * A prepared statement whose table changed under it, by the migration of a newer replica. It would fail on this connection
 * for ever; a new connection prepares it anew.
 */
export function isStalePlan(error: unknown): boolean {
  return hasState(error, "0A000") && (error as Error).message.startsWith("cached plan must not change result type");
}

/** The UNAVAILABLE, NOT_READY failure when Postgres cannot be used just now; any other error as it is. */
export function callFailureFromPostgres(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof CallFailure || !isUnavailable(error)) return error;
  return notReady(`Postgres cannot be used: ${describe(error)}.`, error);
}

function isUnavailable(error: Error): boolean {
  if (error instanceof DatabaseError) return unavailableStates.test(error.code ?? "");
  const { code } = error as NodeJS.ErrnoException;
  // What the operating system or the resolver reports: ECONNREFUSED, EPIPE, ENOTFOUND, EAI_AGAIN ...
  if (typeof code === "string" && /^E[A-Z_]+$/.test(code)) return true;
  return unavailableMessages.some((text) => error.message.startsWith(text));
}

/** Several addresses tried in vain make an AggregateError, whose own message is empty. */
function describe(error: Error): string {
  return error.message === "" ? String((error as NodeJS.ErrnoException).code) : error.message;
}

function hasState(error: unknown, state: string): boolean {
  return error instanceof DatabaseError && error.code === state;
}
