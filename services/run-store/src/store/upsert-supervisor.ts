import type { Queryable, Statement } from "@windlass/chassis";

/** What a supervisor can execute at once. */
export interface SupervisorCapacityRow {
  readonly workers: number;
  /** What machines may add up to; 0: not counted. */
  readonly vcpu: number;
  readonly memoryGb: number;
  readonly machines: readonly string[];
}

const UPSERT_SUPERVISOR: Statement = {
  name: "upsert_supervisor",
  text: `
INSERT INTO supervisors (id, hostname, sandbox_tier, ttl_ms, workers, vcpu, memory_gb, machines, release, register_time, expire_time)
VALUES ($1, $2, $3, $4::int, $5::int, $6::float8, $7::float8, $8::text[], $9, now(), now() + $4::int * interval '1 millisecond')
ON CONFLICT (id) DO UPDATE SET
  hostname = excluded.hostname, sandbox_tier = excluded.sandbox_tier, ttl_ms = excluded.ttl_ms, workers = excluded.workers, vcpu = excluded.vcpu,
  memory_gb = excluded.memory_gb, machines = excluded.machines, release = excluded.release, expire_time = excluded.expire_time`,
};

/** Makes a supervisor live for its TTL. One that is known, even late, keeps its leases: as long as its row is there nobody has taken them. */
export async function upsertSupervisor(
  db: Queryable,
  supervisor: {
    readonly id: string;
    readonly hostname: string;
    readonly sandboxTier: string;
    readonly ttlMs: number;
    readonly capacity: SupervisorCapacityRow | null;
    readonly release: string;
  },
): Promise<void> {
  const { id, hostname, sandboxTier, ttlMs, capacity, release } = supervisor;
  await db.query(UPSERT_SUPERVISOR, [
    id,
    hostname,
    sandboxTier,
    ttlMs,
    capacity?.workers ?? null,
    capacity?.vcpu ?? 0,
    capacity?.memoryGb ?? 0,
    capacity?.machines ?? [],
    release,
  ]);
}
