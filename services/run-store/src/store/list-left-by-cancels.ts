import type { Queryable, Statement } from "@windlass/chassis";
import { isRun, lookUp } from "./sql.ts";

/** A run's key. */
export interface RunKey {
  readonly environmentId: string;
  readonly runId: string;
}

/** Before every run. */
export const RUN_START: RunKey = { environmentId: "", runId: "" };

/** A run that goes on although one above it was canceled. */
export interface LeftByCancel extends RunKey {
  /** Why that one was canceled. */
  readonly reason: string;
}

type Row = RunKey & { readonly reason: string | null; readonly isLast: boolean };

/** How many generations of ended runs may lie between a run and the canceled one. */
const MAX_GENERATIONS = 50;

// Climbs only through runs that have ended without a cancel. One that goes on is itself in a page, and takes with it what is below.
export const LIST_LEFT_BY_CANCELS: Statement = {
  name: "list_left_by_cancels",
  text: `
WITH RECURSIVE page AS MATERIALIZED (
  SELECT environment_id, id, status, row_number() OVER (ORDER BY environment_id, id) AS position
  FROM (
    SELECT environment_id, id, status FROM runs
    WHERE finish_time IS NULL AND (environment_id, id) > ($1, $2)
    ORDER BY environment_id, id LIMIT $3
  ) live
), above AS (
  SELECT p.environment_id, p.id, c.parent_run_id, 1 AS generations
  FROM page p
  JOIN run_contents c ON ${lookUp("c.environment_id", "p.environment_id")} AND ${lookUp("c.run_id", "p.id")}
  WHERE p.status <> 'CANCELING' AND c.parent_run_id IS NOT NULL
  UNION ALL
  SELECT a.environment_id, a.id, c.parent_run_id, a.generations + 1
  FROM above a
  JOIN runs r ON ${isRun("a.environment_id", "a.parent_run_id")}
  JOIN run_contents c ON ${lookUp("c.environment_id", "a.environment_id")} AND ${lookUp("c.run_id", "a.parent_run_id")}
  WHERE r.status >= 'COMPLETED' AND r.status <> 'CANCELED' AND c.parent_run_id IS NOT NULL AND a.generations < ${MAX_GENERATIONS}
), left_behind AS (
  SELECT a.environment_id, a.id, coalesce(r.cancel_reason, '') AS reason
  FROM above a JOIN runs r ON ${isRun("a.environment_id", "a.parent_run_id")}
  WHERE r.status = 'CANCELING' OR r.status = 'CANCELED'
)
SELECT p.environment_id AS "environmentId", p.id AS "runId", l.reason, p.position = $3 AS "isLast"
FROM page p LEFT JOIN left_behind l ON l.environment_id = p.environment_id AND l.id = p.id
WHERE l.id IS NOT NULL OR p.position = $3
ORDER BY p.position`,
};

/**
 * Looks at the next `limit` runs that have not ended, and returns those below a run that is canceled or being canceled, and which are not being canceled themselves; and the key
 * to go on after, or undefined when there are no further runs.
 */
export async function listLeftByCancels(
  db: Queryable,
  { after, limit }: { readonly after: RunKey; readonly limit: number },
): Promise<{ readonly left: LeftByCancel[]; readonly next: RunKey | undefined }> {
  const rows = await db.query<Row>(LIST_LEFT_BY_CANCELS, [after.environmentId, after.runId, limit]);
  const left = rows.flatMap(({ environmentId, runId, reason }) =>
    reason === null ? [] : [{ environmentId, runId, reason }],
  );
  return { left, next: rows.find(({ isLast }) => isLast) };
}
