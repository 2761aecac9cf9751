import type { Queryable, Statement } from "@windlass/chassis";

// A row that is late but still there is renewed: whoever finds it expired removes it first.
const RENEW_SUPERVISOR: Statement = {
  name: "renew_supervisor",
  text: "UPDATE supervisors SET expire_time = now() + ttl_ms * interval '1 millisecond' WHERE id = $1 RETURNING id",
};

/** Renews a supervisor's lease, and with it the leases of its runs. False when it is not known (any more). */
export async function renewSupervisor(db: Queryable, supervisorId: string): Promise<boolean> {
  return (await db.query(RENEW_SUPERVISOR, [supervisorId])).length > 0;
}
