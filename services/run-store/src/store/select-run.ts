import type { Queryable } from "@windlass/chassis";
import { DETAILED_RUN_COLUMNS, DETAILED_RUN_SOURCE, type DetailedRunRow } from "./run-row.ts";

const statement = {
  name: "select_run",
  text: `
    SELECT ${DETAILED_RUN_COLUMNS}, c.payload, c.payload_type, m.metadata, m.metadata_type, r.lease_token IS NOT NULL AS has_lease
    FROM ${DETAILED_RUN_SOURCE}
    LEFT JOIN run_metadata m ON m.environment_id = r.environment_id AND m.run_id = r.id
    WHERE r.environment_id = $1 AND r.id = $2`,
};

/** A run with its payload, and its metadata as it is now. */
export type RunWithPayloadRow = DetailedRunRow & {
  readonly payload: Buffer;
  readonly payload_type: string;
  /** Null when there is none. */
  readonly metadata: Buffer | null;
  readonly metadata_type: string | null;
  /** Whether its last attempt goes on. */
  readonly has_lease: boolean;
};

export async function selectRun(
  db: Queryable,
  environmentId: string,
  runId: string,
): Promise<RunWithPayloadRow | undefined> {
  const [row] = await db.query<RunWithPayloadRow>(statement, [environmentId, runId]);
  return row;
}
