import type { Queryable, Statement } from "@windlass/chassis";

/** A run, and the one that triggered it. */
export interface ChildRow {
  readonly parent_run_id: string;
  readonly run_id: string;
}

/** Before every child. */
export const CHILD_START: ChildRow = { parent_run_id: "", run_id: "" };

const LIST_CHILDREN: Statement = {
  name: "list_children",
  text: `
SELECT parent_run_id, run_id FROM run_contents
WHERE environment_id = $1 AND parent_run_id = ANY ($2::text[]) AND parent_run_id IS NOT NULL AND (parent_run_id, run_id) > ($3, $4)
ORDER BY parent_run_id, run_id
LIMIT $5`,
};

/** The runs that these runs have triggered, whatever became of them, in order of (parent, run). */
export function listChildren(
  db: Queryable,
  page: {
    readonly environmentId: string;
    readonly parentRunIds: readonly string[];
    readonly after: ChildRow;
    readonly limit: number;
  },
): Promise<ChildRow[]> {
  const { environmentId, parentRunIds, after, limit } = page;
  return db.query<ChildRow>(LIST_CHILDREN, [environmentId, parentRunIds, after.parent_run_id, after.run_id, limit]);
}
