import type { Queryable, Statement } from "@windlass/chassis";

const UPSERT_SUPERVISOR: Statement = {
  name: "upsert_supervisor",
  text: `
INSERT INTO supervisors (id, hostname, sandbox_tier, ttl_ms, register_time, expire_time)
VALUES ($1, $2, $3, $4::int, now(), now() + $4::int * interval '1 millisecond')
ON CONFLICT (id) DO UPDATE SET
  hostname = excluded.hostname, sandbox_tier = excluded.sandbox_tier, ttl_ms = excluded.ttl_ms, expire_time = excluded.expire_time`,
};

/** Makes a supervisor live for its TTL. One that is known, even late, keeps its leases: as long as its row is there nobody has taken them. */
export async function upsertSupervisor(
  db: Queryable,
  supervisor: { readonly id: string; readonly hostname: string; readonly sandboxTier: string; readonly ttlMs: number },
): Promise<void> {
  await db.query(UPSERT_SUPERVISOR, [supervisor.id, supervisor.hostname, supervisor.sandboxTier, supervisor.ttlMs]);
}
