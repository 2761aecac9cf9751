import type { Postgres, Queryable } from "@windlass/chassis";
import { deleteExpiredSupervisors, deleteSupervisor } from "../store/delete-supervisors.ts";
import { type HeldLease, listLeasesOf } from "../store/list-leases-of.ts";
import { reportWork } from "../store/report-work.ts";
import { type AfterReportOptions, type StoredReport, tellReports } from "../work/after-report.ts";
import type { ReportItem } from "../work/report-item.ts";
import { decideWork } from "../work/work-items.ts";
import { evictedAttempt, heldLeaseKey, lostAttempt } from "./lost-attempt.ts";

export interface RemoveSupervisorsOptions extends AfterReportOptions {
  readonly postgres: Postgres;
  /** Whether statements write an outbox row. */
  readonly hasOutbox: boolean;
  readonly random: () => number;
}

const LEASES_PER_STATEMENT = 1_000;

/**
 * Removes those of the supervisors whose lease ran out, and ends what they held: the attempt is LOST, and the run is retried by its policy or ends as SYSTEM_FAILURE; one
 * whose cancel was asked for is CANCELED. Returns those removed. One transaction: a crash leaves all as it was, and the scheduler asks again.
 */
export function expireSupervisors(
  options: RemoveSupervisorsOptions,
  supervisorIds: readonly string[],
): Promise<string[]> {
  return removeSupervisors(
    options,
    (tx) => deleteExpiredSupervisors(tx, supervisorIds),
    (lease) => lostAttempt(lease),
  );
}

/** Removes a supervisor that leaves. It says that it holds nothing; so what was claimed for it and never arrived is given back unstarted, and an attempt that has waited is evicted. Idempotent. */
export async function unregisterSupervisor(options: RemoveSupervisorsOptions, supervisorId: string): Promise<void> {
  const remove = async (tx: Queryable) => {
    await deleteSupervisor(tx, supervisorId);
    return [supervisorId];
  };
  await removeSupervisors(options, remove, (lease) =>
    lease.has_waited ? evictedAttempt(lease) : { kind: "release", lease: heldLeaseKey(lease) },
  );
}

/** Removes a supervisor that is known to be gone although its lease has not run out, and ends what it held as if it had. Idempotent. */
export async function removeLostSupervisor(options: RemoveSupervisorsOptions, supervisorId: string): Promise<void> {
  const remove = async (tx: Queryable) => {
    await deleteSupervisor(tx, supervisorId);
    return [supervisorId];
  };
  await removeSupervisors(options, remove, lostAttempt);
}

async function removeSupervisors(
  options: RemoveSupervisorsOptions,
  remove: (tx: Queryable) => Promise<string[]>,
  endLease: (lease: HeldLease) => ReportItem,
): Promise<string[]> {
  const startMs = Date.now();
  const statements: StoredReport[][] = [];
  const removed = await options.postgres.transaction(async (tx) => {
    // First the supervisors: from here on nothing more is claimed for them, and what was is visible to the statements that follow (I1).
    const supervisorIds = await remove(tx);
    for (;;) {
      const leases = supervisorIds.length === 0 ? [] : await listLeasesOf(tx, supervisorIds, LEASES_PER_STATEMENT);
      if (leases.length === 0) return supervisorIds;
      statements.push(await endLeases(options, tx, leases.map(endLease)));
    }
  });
  for (const reports of statements) tellReports(options, reports, startMs);
  return removed;
}

/** The leases are locked and in order, so every one of them is applied. */
async function endLeases(
  { hasOutbox, random }: RemoveSupervisorsOptions,
  tx: Queryable,
  items: readonly ReportItem[],
): Promise<StoredReport[]> {
  const work = await decideWork(tx, items, random);
  const rows = await reportWork(tx, work, hasOutbox);
  return rows.flatMap((row) => {
    const item = items[row.position - 1];
    return item === undefined ? [] : [{ item, row, retryDelayMs: work[row.position - 1]?.retryDelayMs ?? null }];
  });
}
