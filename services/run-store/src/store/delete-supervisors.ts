import type { Queryable, Statement } from "@windlass/chassis";

const DELETE_EXPIRED_SUPERVISORS: Statement = {
  name: "delete_expired_supervisors",
  text: `
DELETE FROM supervisors WHERE id IN (
  SELECT id FROM supervisors WHERE id = ANY ($1::text[]) AND expire_time <= now() ORDER BY id FOR UPDATE
) RETURNING id`,
};

const DELETE_SUPERVISOR: Statement = {
  name: "delete_supervisor",
  text: "DELETE FROM supervisors WHERE id = $1",
};

/**
 * Removes those of the supervisors whose lease ran out, and says which. Waits for claims in flight for them, and lets none follow: so a second statement of the same
 * transaction sees every lease they held.
 */
export async function deleteExpiredSupervisors(tx: Queryable, supervisorIds: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(DELETE_EXPIRED_SUPERVISORS, [supervisorIds]);
  return rows.map((row) => row.id);
}

/** Removes a supervisor that leaves, with the same effect on claims. */
export async function deleteSupervisor(tx: Queryable, supervisorId: string): Promise<void> {
  await tx.query(DELETE_SUPERVISOR, [supervisorId]);
}
