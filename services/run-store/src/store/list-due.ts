import type { Postgres, Statement } from "@windlass/chassis";
import { microseconds, momentFromMicroseconds } from "./sql.ts";

/** Something that happens at a time. */
export interface DueRow {
  readonly kind: "run" | "supervisor" | "token" | "schedule" | "expiry";
  /** Null for a supervisor, which belongs to none. */
  readonly environment_id: string | null;
  readonly id: string;
  readonly due_time_us: number;
  /** From now, by the database's clock; rounded up, so that who waits this long is not too early. */
  readonly due_in_ms: number;
}

/** A place in the order of due work. */
export interface DuePosition {
  readonly dueTimeUs: number;
  readonly id: string;
}

/** Before everything. */
export const DUE_START: DuePosition = { dueTimeUs: 0, id: "" };

const dueInMs = (moment: string) => `ceil(date_part('epoch', ${moment} - now()) * 1000)`;

// Ids of runs, supervisors, tokens and schedules start differently, and no run is due and expires at one moment: so (time, id) orders all kinds together.
export const LIST_DUE: Statement = {
  name: "list_due",
  text: `
(SELECT 'run' AS kind, environment_id, id, ${microseconds("due_time")} AS due_time_us, ${dueInMs("due_time")} AS due_in_ms
  FROM runs
  WHERE due_time IS NOT NULL AND (due_time, id) > (${momentFromMicroseconds("$1::float8")}, $2) AND due_time <= now() + $3::float8 * interval '1 millisecond'
  ORDER BY due_time, id LIMIT $4)
UNION ALL
(SELECT 'supervisor', NULL, id, ${microseconds("expire_time")}, ${dueInMs("expire_time")}
  FROM supervisors
  WHERE (expire_time, id) > (${momentFromMicroseconds("$1::float8")}, $2) AND expire_time <= now() + $3::float8 * interval '1 millisecond'
  ORDER BY expire_time, id LIMIT $4)
UNION ALL
(SELECT 'token', environment_id, id, ${microseconds("timeout_time")}, ${dueInMs("timeout_time")}
  FROM wait_tokens
  WHERE status = 'PENDING' AND timeout_time IS NOT NULL
    AND (timeout_time, id) > (${momentFromMicroseconds("$1::float8")}, $2) AND timeout_time <= now() + $3::float8 * interval '1 millisecond'
  ORDER BY timeout_time, id LIMIT $4)
UNION ALL
(SELECT 'schedule', environment_id, id, ${microseconds("next_time")}, ${dueInMs("next_time")}
  FROM schedules
  WHERE next_time IS NOT NULL AND (next_time, id) > (${momentFromMicroseconds("$1::float8")}, $2) AND next_time <= now() + $3::float8 * interval '1 millisecond'
  ORDER BY next_time, id LIMIT $4)
UNION ALL
(SELECT 'expiry', environment_id, id, ${microseconds("expire_time")}, ${dueInMs("expire_time")}
  FROM runs
  WHERE expire_time IS NOT NULL AND (expire_time, id) > (${momentFromMicroseconds("$1::float8")}, $2) AND expire_time <= now() + $3::float8 * interval '1 millisecond'
  ORDER BY expire_time, id LIMIT $4)
ORDER BY 4, 3
LIMIT $4`,
};

/** So that a page is read from each index in its order: gathering all that is due and sorting it, for every page again, may look cheaper for a table that is small. */
export const READ_IN_ORDER: Statement = { name: "read_in_order", text: "SET LOCAL enable_bitmapscan = off" };

/** A page of what is due within a horizon, soonest first, overdue included. */
export function listDue(
  postgres: Postgres,
  page: { readonly after: DuePosition; readonly horizonMs: number; readonly limit: number },
): Promise<DueRow[]> {
  return postgres.transaction(async (tx) => {
    await tx.query(READ_IN_ORDER, []);
    return tx.query<DueRow>(LIST_DUE, [page.after.dueTimeUs, page.after.id, page.horizonMs, page.limit]);
  });
}
