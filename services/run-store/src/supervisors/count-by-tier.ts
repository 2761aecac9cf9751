import type { Queryable } from "@windlass/chassis";
import { countSupervisorsByTier } from "../store/count-supervisors-by-tier.ts";

/** How many supervisors the cluster has now, by sandbox tier: what confines the workers of whatever is run. */
export function countByTier(db: Queryable): Promise<Record<string, number>> {
  return countSupervisorsByTier(db);
}
