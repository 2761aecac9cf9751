import type { Postgres } from "@windlass/chassis";
import type { Lease } from "@windlass/proto";
import { type LeasedRow, leaseToProto } from "../conversions/lease.ts";
import type { DeploymentCache } from "../deployments/deployment-cache.ts";
import type { TaskLimitsCache } from "../deployments/task-limits-cache.ts";
import type { Lease as LeaseKey } from "../work/lease.ts";
import type { ReleaseLeases } from "../work/release-leases.ts";
import type { WithholdLeases } from "../work/withhold-leases.ts";
import { findToldCompletions } from "./find-told-completions.ts";

/** What a claim was made for. */
export interface ClaimedItem extends LeaseKey {
  /** The span that dispatched the run; "" for the run's own. */
  readonly traceparent: string;
}

/** A run that a committed statement has leased. */
export interface ClaimedRun<Item extends ClaimedItem> {
  readonly item: Item;
  readonly row: Omit<LeasedRow, "payload" | "isCompletionTold"> & { readonly payload: Uint8Array | null };
}

export interface MadeLeases<Item extends ClaimedItem> {
  readonly leases: ReadonlyMap<Item, Lease>;
  /** Their payloads do not fit beside the others'; they were given back. */
  readonly tooMuch: ReadonlySet<Item>;
}

export interface MakeLeasesOptions {
  readonly postgres: Postgres;
  readonly deployments: DeploymentCache;
  readonly taskLimits: TaskLimitsCache;
  readonly release: ReleaseLeases;
  readonly withhold: WithholdLeases;
}

/** Makes of claimed runs what their supervisors are sent; those that cannot be sent are taken back. Throws NOT_READY and OVERLOADED; then heartbeats repair what is never delivered. */
export async function makeLeases<Item extends ClaimedItem>(
  options: MakeLeasesOptions,
  claimed: readonly ClaimedRun<Item>[],
): Promise<MadeLeases<Item>> {
  const repeated = claimed.filter(({ row }) => row.attempt_number > 1 && row.wait_id === null);
  const told = await findToldCompletions(
    options.postgres,
    repeated.map(({ item }) => item),
  );
  const leases = new Map<Item, Lease>();
  const tooMuch = new Set<Item>();
  const lacking: Item[] = [];
  for (const { item, row } of claimed) {
    const { deployment_id: deploymentId, task_id: taskId } = row;
    // Both wait only for the first claim of a version's task; afterwards its facts are known.
    const limits = await options.taskLimits.get(item.environmentId, deploymentId, taskId);
    if (limits === null) lacking.push(item);
    else if (row.payload === null) tooMuch.add(item);
    else {
      const facts = await options.deployments.get(item.environmentId, deploymentId);
      const leased = { ...row, payload: row.payload, isCompletionTold: told.has(item.runId) };
      leases.set(item, leaseToProto(item, leased, facts, limits));
    }
  }
  // Rare, and only before a first attempt: the task was in the version that was current when they were triggered, and is not in this one.
  if (lacking.length > 0) await options.withhold(lacking);
  // Rare, and never the whole answer: payloads of megabytes, many at once.
  if (tooMuch.size > 0) await options.release(Array.from(tooMuch));
  return { leases, tooMuch };
}
