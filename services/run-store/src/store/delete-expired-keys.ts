import type { Queryable, Statement } from "@windlass/chassis";

// SKIP LOCKED: a key that a trigger has in hand is about to stand for another run.
const DELETE_EXPIRED_KEYS: Statement = {
  name: "delete_expired_keys",
  text: `
DELETE FROM idempotency_keys WHERE (environment_id, task_id, key) IN (
  SELECT environment_id, task_id, key FROM idempotency_keys WHERE expire_time <= now() ORDER BY expire_time LIMIT $1 FOR UPDATE SKIP LOCKED
) RETURNING 1`,
};

/** Removes up to `limit` idempotency keys whose time is over, and says how many. */
export async function deleteExpiredKeys(db: Queryable, limit: number): Promise<number> {
  return (await db.query(DELETE_EXPIRED_KEYS, [limit])).length;
}
