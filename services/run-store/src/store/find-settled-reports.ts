import type { Queryable, Statement } from "@windlass/chassis";
import type { AttemptOutcomeName } from "../run-state.ts";

/** A report that found no lease of its token, or nothing new to store. */
export interface UnappliedReport {
  readonly environmentId: string;
  readonly runId: string;
  readonly leaseToken: string;
  /** The wait that it said begins, or is over; null for other reports. */
  readonly waitId: string | null;
  /** What it said about the end of an attempt; null for reports of another kind. */
  readonly end: { readonly attemptNumber: number; readonly outcome: AttemptOutcomeName } | null;
}

const FIND_SETTLED_REPORTS: Statement = {
  name: "find_settled_reports",
  text: `
SELECT i.position::int
FROM unnest($1::text[], $2::text[], $3::uuid[], $4::int[], $5::attempt_outcome[], $6::text[]) WITH ORDINALITY
  AS i (environment_id, run_id, lease_token, attempt_number, outcome, wait_id, position)
WHERE EXISTS (
    SELECT FROM attempts a
    WHERE a.environment_id = i.environment_id AND a.run_id = i.run_id AND a.number = i.attempt_number
      AND a.lease_token = i.lease_token AND a.outcome = i.outcome)
  OR i.outcome IS NULL AND EXISTS (
    SELECT FROM runs r WHERE r.environment_id = i.environment_id AND r.id = i.run_id
      AND (r.lease_token = i.lease_token OR r.suspended_token = i.lease_token AND r.wait_id = i.wait_id))`,
};

/**
 * The positions, from 1, of reports whose effect is already stored: the same end of the same lease, progress of a lease that is still held, or a wait that began or was over
 * under a lease which another one has since continued. The others lost their lease.
 */
export async function findSettledReports(db: Queryable, reports: readonly UnappliedReport[]): Promise<Set<number>> {
  const rows = await db.query<{ position: number }>(FIND_SETTLED_REPORTS, [
    reports.map((report) => report.environmentId),
    reports.map((report) => report.runId),
    reports.map((report) => report.leaseToken),
    reports.map((report) => report.end?.attemptNumber ?? null),
    reports.map((report) => report.end?.outcome ?? null),
    reports.map((report) => report.waitId),
  ]);
  return new Set(rows.map((row) => row.position));
}
