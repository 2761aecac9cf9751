import { CancelPhase, type FinishAttempt, type Lease } from "@windlass/proto";
import type { TestSupervisor } from "./start-supervisor.ts";

/** What a test asks of a supervisor about one lease, by what its store and queue have heard. */

export const tokenOf = (lease: Lease): string => lease.ref?.leaseToken ?? "";

/** The timeline of a lease, one word an entry. */
export function timeline({ store }: TestSupervisor, lease: Lease): string[] {
  return store.row(tokenOf(lease)).events.map(({ body }) => {
    if (body.case === "hookResult") return body.value.hook;
    if (body.case === "log") return body.value.message;
    if (body.case !== "cancelProgress") return String(body.case);
    const phase = Object.entries(CancelPhase).find(([, value]) => value === body.value.phase);
    return phase?.[0] ?? "";
  });
}

export async function untilStarted(supervisor: TestSupervisor, lease: Lease): Promise<void> {
  await supervisor.store.until(() => timeline(supervisor, lease).includes("attemptStarted"));
}

/** The process that a looping or hanging task says it is in. */
export async function pidOf(supervisor: TestSupervisor, lease: Lease): Promise<number> {
  const line = () => timeline(supervisor, lease).find((entry) => entry.startsWith("pid "));
  await supervisor.store.until(() => line() !== undefined);
  return Number(line()?.slice(4));
}

/** Offers a lease, and resolves with its attempt's end. */
export async function execute(supervisor: TestSupervisor, lease: Lease): Promise<FinishAttempt> {
  supervisor.queue.offer(lease);
  return supervisor.store.finished(tokenOf(lease));
}

/** What a store says to have a lease's attempt canceled. */
export const cancelOf = (lease: Lease, reason = "not needed") => ({
  cancels: [{ $typeName: "windlass.internal.v1.CancelLease" as const, ref: lease.ref, reason }],
});
