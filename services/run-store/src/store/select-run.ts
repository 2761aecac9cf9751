import type { Queryable } from "@windlass/chassis";
import { RUN_COLUMNS, RUN_SOURCE, type RunRow } from "./run-row.ts";

const statement = {
  name: "select_run",
  text: `
    SELECT ${RUN_COLUMNS}, c.payload, c.payload_type
    FROM ${RUN_SOURCE} JOIN run_contents c ON c.environment_id = r.environment_id AND c.run_id = r.id
    WHERE r.environment_id = $1 AND r.id = $2`,
};

/** A run with its payload. */
export type RunWithPayloadRow = RunRow & { readonly payload: Buffer; readonly payload_type: string };

export async function selectRun(
  db: Queryable,
  environmentId: string,
  runId: string,
): Promise<RunWithPayloadRow | undefined> {
  const [row] = await db.query<RunWithPayloadRow>(statement, [environmentId, runId]);
  return row;
}
