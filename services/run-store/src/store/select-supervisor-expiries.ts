import type { Queryable, Statement } from "@windlass/chassis";

const SELECT_SUPERVISOR_EXPIRIES: Statement = {
  name: "select_supervisor_expiries",
  text: `
SELECT id, ceil(date_part('epoch', expire_time - now()) * 1000) AS expires_in_ms
FROM supervisors WHERE id = ANY ($1::text[])`,
};

/** When these supervisors expire, as milliseconds from now. Those that are no more are missing from the answer. */
export function selectSupervisorExpiries(
  db: Queryable,
  supervisorIds: readonly string[],
): Promise<{ readonly id: string; readonly expires_in_ms: number }[]> {
  return db.query(SELECT_SUPERVISOR_EXPIRIES, [supervisorIds]);
}
