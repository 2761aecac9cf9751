import type { Queryable, Statement } from "@windlass/chassis";
import { microseconds } from "./sql.ts";

/** A supervisor that lives. */
export interface SupervisorRow {
  readonly id: string;
  readonly sandbox_tier: string;
  /** Null: of a release that does not say what it can execute. */
  readonly workers: number | null;
  readonly vcpu: number;
  readonly memory_gb: number;
  readonly machines: readonly string[];
  readonly release: string;
  readonly executing: number;
  readonly suspended: number;
  readonly is_draining: boolean;
  readonly register_time_us: number;
  readonly heartbeat_time_us: number;
  readonly expire_time_us: number;
}

const LIST_SUPERVISORS: Statement = {
  name: "list_supervisors",
  text: `
SELECT id, sandbox_tier, workers, vcpu, memory_gb, machines, release, executing, suspended, is_draining,
  ${microseconds("register_time")} AS register_time_us,
  ${microseconds("expire_time - ttl_ms * interval '1 millisecond'")} AS heartbeat_time_us, ${microseconds("expire_time")} AS expire_time_us
FROM supervisors WHERE id > $1 ORDER BY id LIMIT $2`,
};

/** Supervisors of the cluster after the one named, by id. */
export function listSupervisors(db: Queryable, afterId: string, limit: number): Promise<SupervisorRow[]> {
  return db.query<SupervisorRow>(LIST_SUPERVISORS, [afterId, limit]);
}
