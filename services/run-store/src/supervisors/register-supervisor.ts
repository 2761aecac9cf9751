import type { Queryable } from "@windlass/chassis";
import { dueSupervisor } from "../conversions/due-item.ts";
import type { Feed } from "../feed/feed.ts";
import { type SupervisorCapacityRow, upsertSupervisor } from "../store/upsert-supervisor.ts";

/** A supervisor as it introduces itself. */
export interface NewSupervisor {
  readonly id: string;
  readonly hostname: string;
  readonly sandboxTier: string;
  /** What it can execute at once; null: it does not say. */
  readonly capacity: SupervisorCapacityRow | null;
  /** The release that it runs; "": it does not say. */
  readonly release: string;
  /** How long it lives without a heartbeat. */
  readonly ttlMs: number;
  /** One that is known to be gone; "" when there is none. */
  readonly replacesId: string;
}

/** Makes a supervisor live, or a known one live on with its leases. Idempotent. */
export async function registerSupervisor(
  { db, feed }: { readonly db: Queryable; readonly feed: Feed },
  supervisor: NewSupervisor,
): Promise<void> {
  await upsertSupervisor(db, supervisor);
  feed.due.publish([dueSupervisor(supervisor.id, supervisor.ttlMs)]);
}
