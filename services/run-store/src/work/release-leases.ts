import type { Lease } from "./lease.ts";
import type { WorkReporter } from "./report-work.ts";

/**
 * Gives leases back unstarted: each run is queued again in its old place, and the attempt is not counted; one whose cancel was asked for is CANCELED. Returns those that were
 * still held. Throws NOT_READY and OVERLOADED.
 */
export type ReleaseLeases = (leases: readonly Lease[]) => Promise<Lease[]>;

export function createReleaseLeases(reporter: Pick<WorkReporter, "report">): ReleaseLeases {
  return async (leases) => {
    const { lost } = await reporter.report({ items: leases.map((lease) => ({ kind: "release", lease })), bytes: 0 });
    const lostLeases = new Set(lost);
    return leases.filter((lease) => !lostLeases.has(lease));
  };
}
