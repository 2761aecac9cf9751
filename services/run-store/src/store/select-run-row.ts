import type { Queryable } from "@windlass/chassis";
import { RUN_COLUMNS, RUN_SOURCE, type RunRow } from "./run-row.ts";

const statement = {
  name: "select_run_row",
  text: `SELECT ${RUN_COLUMNS} FROM ${RUN_SOURCE} WHERE r.environment_id = $1 AND r.id = $2`,
};

/** A run without payload, output and error. */
export async function selectRunRow(db: Queryable, environmentId: string, runId: string): Promise<RunRow | undefined> {
  const [row] = await db.query<RunRow>(statement, [environmentId, runId]);
  return row;
}
