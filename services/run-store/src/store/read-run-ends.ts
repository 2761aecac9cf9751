import type { Queryable } from "@windlass/chassis";
import type { RunRef } from "./find-runs.ts";
import { RUN_COLUMNS, RUN_SOURCE, type RunRow } from "./run-row.ts";
import type { AttemptRow } from "./select-attempts.ts";
import { isRun } from "./sql.ts";

/** An ended run with output and error. */
export type RunEndRow = RunRow & Pick<AttemptRow, "output" | "output_type" | "error">;

/** What one answer of the database may hold; the first run goes however large it is. */
const MAX_BYTES = 4 * 1024 * 1024;

const statement = {
  name: "read_run_ends",
  text: `
    SELECT * FROM (
      SELECT q.ord::int4, ${RUN_COLUMNS}, a.output, a.output_type, a.error,
        sum(a.bytes) OVER (ORDER BY q.ord) - a.bytes AS bytes_before
      FROM unnest($1::text[], $2::text[]) WITH ORDINALITY q (environment_id, run_id, ord)
      JOIN (${RUN_SOURCE}) ON ${isRun("q.environment_id", "q.run_id")}
      LEFT JOIN LATERAL (
        SELECT output, output_type, error, coalesce(octet_length(output), 0) + coalesce(octet_length(error), 0) AS bytes
        FROM attempts a WHERE a.environment_id = r.environment_id AND a.run_id = r.id
        ORDER BY a.number DESC LIMIT 1
      ) a ON true
      WHERE r.finish_time IS NOT NULL
    ) ended WHERE bytes_before IS NULL OR bytes_before < ${MAX_BYTES}`,
};

/** For each: the ended run, or undefined when it has not ended or would not fit beside those before it. The first that has ended is always there. */
export async function readRunEnds(db: Queryable, refs: readonly RunRef[]): Promise<(RunEndRow | undefined)[]> {
  const rows = await db.query<RunEndRow & { ord: number }>(statement, [
    refs.map(({ environmentId }) => environmentId),
    refs.map(({ runId }) => runId),
  ]);
  const byOrdinal = new Map(rows.map((row) => [row.ord, row]));
  return refs.map((_, index) => byOrdinal.get(index + 1));
}

const bareStatement = {
  name: "read_bare_run_ends",
  text: `
    SELECT q.ord::int4, ${RUN_COLUMNS}
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY q (environment_id, run_id, ord)
    JOIN (${RUN_SOURCE}) ON ${isRun("q.environment_id", "q.run_id")}
    WHERE r.finish_time IS NOT NULL`,
};

/** For each: the ended run without output and error, or undefined when it has not ended. */
export async function readBareRunEnds(db: Queryable, refs: readonly RunRef[]): Promise<(RunRow | undefined)[]> {
  const rows = await db.query<RunRow & { ord: number }>(bareStatement, [
    refs.map(({ environmentId }) => environmentId),
    refs.map(({ runId }) => runId),
  ]);
  const byOrdinal = new Map(rows.map((row) => [row.ord, row]));
  return refs.map((_, index) => byOrdinal.get(index + 1));
}
