import type { Queryable, Statement } from "@windlass/chassis";
import { MAX_TAGS } from "../run-limits.ts";
import { arrayLiteral, tagsWith } from "./tags-sql.ts";

/** What describes a run anew. */
export interface RunUpdate {
  readonly environmentId: string;
  readonly runId: string;
  /** A JSON object; null: stays. */
  readonly metadata: Uint8Array | null;
  readonly addTags: readonly string[];
}

const UPDATE_RUN: Statement = {
  name: "update_run",
  text: `
WITH run AS (
  UPDATE runs r SET revision = r.revision + 1, tags = CASE WHEN $4 = '{}' THEN r.tags ELSE ${tagsWith("$4::text[]")} END
  WHERE r.environment_id = $1 AND r.id = $2
    AND (SELECT count(DISTINCT tag) FROM unnest(r.tags || $4::text[]) AS t (tag)) <= ${MAX_TAGS}
  RETURNING r.environment_id, r.id
), described AS (
  INSERT INTO run_metadata AS m (environment_id, run_id, metadata, metadata_type, update_time)
  SELECT environment_id, id, $3, 'application/json', now() FROM run WHERE $3::bytea IS NOT NULL
  ON CONFLICT (environment_id, run_id) DO UPDATE SET metadata = excluded.metadata, update_time = excluded.update_time
)
SELECT id FROM run`,
};

/** Changes metadata and tags. False, and nothing is changed, when there is no such run, or it would have more tags than a run may. */
export async function updateRun(db: Queryable, update: RunUpdate): Promise<boolean> {
  const { environmentId, runId, metadata, addTags } = update;
  return (await db.query(UPDATE_RUN, [environmentId, runId, metadata, arrayLiteral(addTags)])).length > 0;
}
