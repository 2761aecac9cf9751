import type { Queryable, Statement } from "@windlass/chassis";

// Without waiting for the disk: rows that come back after a crash are only published again.
const DELETE_OUTBOX: Statement = {
  name: "delete_outbox",
  text: `
WITH lazily AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
DELETE FROM outbox WHERE id = ANY ($1::int8[]) AND EXISTS (SELECT FROM lazily)`,
};

/** Removes outbox rows that were published. */
export async function deleteOutbox(db: Queryable, ids: readonly number[]): Promise<void> {
  await db.query(DELETE_OUTBOX, [ids]);
}
