import type { Queryable, Statement } from "@windlass/chassis";

/** A key, as a task's triggers give it. */
export interface TaskKeyRef {
  readonly taskId: string;
  readonly key: string;
}

// Waits for a trigger that has the key in hand, and then frees what that has made.
const DELETE_IDEMPOTENCY_KEY: Statement = {
  name: "delete_idempotency_key",
  text: `DELETE FROM idempotency_keys WHERE environment_id = $1 AND task_id = $2 AND key = $3 RETURNING expire_time > now() AS was_set`,
};

/** Frees a key; whether it stood for a run, and its time was not over. */
export async function deleteIdempotencyKey(
  db: Queryable,
  environmentId: string,
  { taskId, key }: TaskKeyRef,
): Promise<boolean> {
  const [row] = await db.query<{ was_set: boolean }>(DELETE_IDEMPOTENCY_KEY, [environmentId, taskId, key]);
  return row?.was_set ?? false;
}
