import type { Lease } from "@windlass/proto";
import type { Machine } from "./driver/machine.ts";

/** What a worker is made for: it can execute the leases of its kind, and no others. */
export interface WorkerKind {
  /** The same for the same kind. */
  readonly key: string;
  readonly bundleHash: string;
  readonly machine: Machine;
  readonly environmentId: string;
  /** Of the environment's variables, which a process gets when it starts. */
  readonly variablesRevision: bigint;
  /** Each of its processes executes one attempt, and ends with it. */
  readonly isFresh: boolean;
}

/** The kind of worker that a lease needs, on this machine. */
export function workerKindOf(lease: Lease, machine: Machine): WorkerKind {
  const { bundleHash, ref, variablesRevision, needsFreshProcess: isFresh } = lease;
  const environmentId = ref?.environmentId ?? "";
  const key = `${bundleHash} ${machine.preset} ${environmentId} ${variablesRevision}${isFresh ? " fresh" : ""}`;
  return { key, bundleHash, machine, environmentId, variablesRevision, isFresh };
}
