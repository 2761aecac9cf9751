import type { Queryable, Statement } from "@windlass/chassis";
import type { AttemptOutcomeName } from "../run-state.ts";

/** A report that found no lease of its token, or nothing new to store. */
export interface UnappliedReport {
  readonly environmentId: string;
  readonly runId: string;
  readonly leaseToken: string;
  /** What it said about the end of an attempt; null for progress and for a lease given back. */
  readonly end: { readonly attemptNumber: number; readonly outcome: AttemptOutcomeName } | null;
}

const FIND_SETTLED_REPORTS: Statement = {
  name: "find_settled_reports",
  text: `
SELECT i.position::int
FROM unnest($1::text[], $2::text[], $3::uuid[], $4::int[], $5::attempt_outcome[]) WITH ORDINALITY
  AS i (environment_id, run_id, lease_token, attempt_number, outcome, position)
WHERE EXISTS (
    SELECT FROM attempts a
    WHERE a.environment_id = i.environment_id AND a.run_id = i.run_id AND a.number = i.attempt_number
      AND a.lease_token = i.lease_token AND a.outcome = i.outcome)
  OR i.outcome IS NULL AND EXISTS (
    SELECT FROM runs r WHERE r.environment_id = i.environment_id AND r.id = i.run_id AND r.lease_token = i.lease_token)`,
};

/** The positions, from 1, of reports whose effect is already stored: the same end of the same lease, or progress of a lease that is still held. The others lost their lease. */
export async function findSettledReports(db: Queryable, reports: readonly UnappliedReport[]): Promise<Set<number>> {
  const rows = await db.query<{ position: number }>(FIND_SETTLED_REPORTS, [
    reports.map((report) => report.environmentId),
    reports.map((report) => report.runId),
    reports.map((report) => report.leaseToken),
    reports.map((report) => report.end?.attemptNumber ?? null),
    reports.map((report) => report.end?.outcome ?? null),
  ]);
  return new Set(rows.map((row) => row.position));
}
