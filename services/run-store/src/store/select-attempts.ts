import type { Queryable } from "@windlass/chassis";
import type { AttemptOutcomeName } from "../run-state.ts";
import { microseconds } from "./sql.ts";

/** An ended attempt. */
export interface AttemptRow {
  readonly number: number;
  readonly outcome: AttemptOutcomeName;
  readonly supervisor_id: string;
  readonly start_time_us: number;
  readonly finish_time_us: number;
  /** Only with the last one. */
  readonly output: Buffer | null;
  readonly output_type: string | null;
  readonly error: Buffer | null;
  readonly hooks: Buffer | null;
}

// Errors and hooks of a hundred attempts could exceed any message: the latest keep theirs, as far as the bytes go.
const statement = {
  name: "select_attempts",
  text: `
    SELECT number, outcome, supervisor_id, ${microseconds("start_time")} AS start_time_us, ${microseconds("finish_time")} AS finish_time_us,
      CASE WHEN number = last THEN output END AS output,
      CASE WHEN number = last THEN output_type END AS output_type,
      CASE WHEN number = last OR bytes <= $4::int8 THEN error END AS error,
      CASE WHEN bytes <= $4::int8 THEN hooks END AS hooks
    FROM (
      SELECT *, max(number) OVER () AS last,
        sum(coalesce(octet_length(error), 0) + coalesce(octet_length(hooks), 0)) OVER (ORDER BY number DESC) AS bytes
      FROM attempts WHERE environment_id = $1 AND run_id = $2 AND number <= $3
    ) a ORDER BY number`,
};

/** The ended attempts of a run up to number `upTo`, first to last, with at most `maxDetailBytes` of errors and hooks, those of the latest first. */
export function selectAttempts(
  db: Queryable,
  environmentId: string,
  runId: string,
  { upTo, maxDetailBytes }: { readonly upTo: number; readonly maxDetailBytes: number },
): Promise<AttemptRow[]> {
  return db.query<AttemptRow>(statement, [environmentId, runId, upTo, maxDetailBytes]);
}
