import type { Lease } from "./lease.ts";
import type { WorkReporter } from "./report-work.ts";

/**
 * Takes back leases of first attempts that nobody has seen, because the version they are for lacks the run's task: each run is PENDING_VERSION until a version that has it is current, and
 * the attempt is not counted; one whose cancel was asked for is CANCELED. After a crash before this they are leases that nobody holds, and given back as such.
 * Throws NOT_READY and OVERLOADED.
 */
export type WithholdLeases = (leases: readonly Lease[]) => Promise<void>;

export function createWithholdLeases(reporter: Pick<WorkReporter, "report">): WithholdLeases {
  return async (leases) => {
    await reporter.report({ items: leases.map((lease) => ({ kind: "withhold", lease })), bytes: 0 });
  };
}
