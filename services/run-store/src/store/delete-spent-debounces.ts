import type { Queryable, Statement } from "@windlass/chassis";
import { lookUp } from "./sql.ts";

// SKIP LOCKED: a key that a trigger has in hand is about to stand for another run.
const DELETE_SPENT_DEBOUNCES: Statement = {
  name: "delete_spent_debounces",
  text: `
DELETE FROM debounces WHERE (environment_id, task_id, key) IN (
  SELECT d.environment_id, d.task_id, d.key FROM debounces d
  JOIN runs r ON ${lookUp("r.environment_id", "d.environment_id")} AND ${lookUp("r.id", "d.run_id")}
  WHERE (r.status <> 'DELAYED') IS TRUE LIMIT $1 FOR UPDATE OF d SKIP LOCKED
) RETURNING 1`,
};

/** Removes up to `limit` debounce keys whose runs are not DELAYED any more, and says how many. */
export async function deleteSpentDebounces(db: Queryable, limit: number): Promise<number> {
  return (await db.query(DELETE_SPENT_DEBOUNCES, [limit])).length;
}
