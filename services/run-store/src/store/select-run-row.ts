import type { Queryable } from "@windlass/chassis";
import { DETAILED_RUN_COLUMNS, DETAILED_RUN_SOURCE, type DetailedRunRow } from "./run-row.ts";

const statement = {
  name: "select_run_row",
  text: `SELECT ${DETAILED_RUN_COLUMNS} FROM ${DETAILED_RUN_SOURCE} WHERE r.environment_id = $1 AND r.id = $2`,
};

/** A run without payload, metadata, output and error. */
export async function selectRunRow(
  db: Queryable,
  environmentId: string,
  runId: string,
): Promise<DetailedRunRow | undefined> {
  const [row] = await db.query<DetailedRunRow>(statement, [environmentId, runId]);
  return row;
}
