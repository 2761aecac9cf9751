import type { Queryable, Statement } from "@windlass/chassis";

/** How much a supervisor does as it says that it lives. */
export interface SupervisorLoad {
  readonly executing: number;
  readonly suspended: number;
  readonly isDraining: boolean;
}

// A row that is late but still there is renewed: whoever finds it expired removes it first.
const RENEW_SUPERVISOR: Statement = {
  name: "renew_supervisor",
  text: `
UPDATE supervisors SET expire_time = now() + ttl_ms * interval '1 millisecond', executing = $2, suspended = $3, is_draining = $4
WHERE id = $1 RETURNING id`,
};

/** Renews a supervisor's lease, and with it the leases of its runs. False when it is not known (any more). */
export async function renewSupervisor(db: Queryable, supervisorId: string, load: SupervisorLoad): Promise<boolean> {
  const { executing, suspended, isDraining } = load;
  return (await db.query(RENEW_SUPERVISOR, [supervisorId, executing, suspended, isDraining])).length > 0;
}
