import type { Queryable, Statement } from "@windlass/chassis";
import type { InsertedRun } from "./insert-runs.ts";
import { NEW_RUN_COLUMNS, NEW_RUN_PARAMETERS, type NewRun, newRunValues } from "./new-run.ts";
import { machineColumn } from "./run-row.ts";
import { lookUp, microseconds, OUTBOX_ID, outboxRow } from "./sql.ts";

/** What a run about to be stored is claimed with, should it be what is expected of it. */
export interface ClaimInAdvance {
  readonly supervisorId: string;
  /** The fencing token of the lease to be (I2). */
  readonly leaseToken: string;
  readonly epoch: bigint;
  readonly shard: number;
  readonly queue: string;
  readonly machine: string;
}

/** A stored run, with what its lease says when it was claimed. */
export interface StoredRun extends InsertedRun {
  /** Null when it was not claimed. */
  readonly deployment_id: string | null;
  /** Null while no version says it. */
  readonly max_attempts: number | null;
}

// One statement for what insert-runs.ts and claim-runs.ts say, because a run cannot be changed in the statement that stores it. The locks are those of a claim, for its reasons;
// they come after the unique index of request ids, and who waits for the one never holds the other.
export const INSERT_CLAIMED_RUNS: Statement = {
  name: "insert_claimed_runs",
  text: `
WITH item AS MATERIALIZED (
  SELECT * FROM unnest(${NEW_RUN_PARAMETERS}, $13::text[], $14::uuid[], $15::int8[], $16::int4[], $17::text[], $18::text[])
    AS t (${NEW_RUN_COLUMNS}, supervisor_id, lease_token, epoch, shard, claimed_queue, claimed_machine)
), shard AS MATERIALIZED (
  SELECT shard, epoch FROM queue_epochs WHERE shard = ANY ($19::int4[]) ORDER BY shard FOR SHARE
), alive AS MATERIALIZED (
  SELECT id FROM supervisors WHERE id = ANY ($20::text[]) AND expire_time > now() ORDER BY id FOR KEY SHARE
), content AS (
  INSERT INTO run_contents (environment_id, run_id, request_id, payload, payload_type)
  SELECT environment_id, run_id, request_id, payload, payload_type FROM item
  ON CONFLICT (environment_id, request_id) WHERE request_id <> '' DO NOTHING
  RETURNING run_id
), run AS (
  INSERT INTO runs AS r (environment_id, id, task_id, status, revision, queue, deployment_id, attempt_number, max_attempts, create_time, queue_time,
    start_time, lease_token, supervisor_id, claim_time, event_seq, tags, is_test, traceparent)
  SELECT i.environment_id, i.run_id, i.task_id,
    CASE WHEN d.task_id IS NULL THEN 'PENDING_VERSION'::run_status WHEN c.is_claimed THEN 'EXECUTING' ELSE 'QUEUED' END,
    CASE WHEN c.is_claimed THEN 2 ELSE 1 END, coalesce(i.queue, d.queue), CASE WHEN c.is_claimed THEN d.deployment_id END,
    CASE WHEN c.is_claimed THEN 1 ELSE 0 END, coalesce(i.max_attempts, d.max_attempts), now(), now(),
    CASE WHEN c.is_claimed THEN now() END, CASE WHEN c.is_claimed THEN i.lease_token END, CASE WHEN c.is_claimed THEN i.supervisor_id END,
    CASE WHEN c.is_claimed THEN now() END, CASE WHEN c.is_claimed THEN 2 ELSE 1 END, i.tags::text[], i.is_test, i.traceparent
  FROM item i
  JOIN environments e ON ${lookUp("e.id", "i.environment_id")}
  LEFT JOIN deployment_tasks d
    ON ${lookUp("d.environment_id", "e.id")} AND ${lookUp("d.deployment_id", "e.current_deployment_id")} AND ${lookUp("d.task_id", "i.task_id")}
  CROSS JOIN LATERAL (
    SELECT (i.lease_token IS NOT NULL AND coalesce(i.queue, d.queue) = i.claimed_queue AND d.machine = i.claimed_machine AND e.queue_shard = i.shard
      AND (i.shard, i.epoch) IN (SELECT shard, epoch FROM shard) AND i.supervisor_id IN (SELECT id FROM alive)) IS TRUE AS is_claimed
    OFFSET 0
  ) c
  WHERE (i.run_id IN (SELECT run_id FROM content)) IS TRUE
  RETURNING r.environment_id, r.id, r.status, r.queue, r.deployment_id, r.max_attempts, ${machineColumn()}
), event AS (
  INSERT INTO run_events (environment_id, run_id, first_seq, count, status, attempt_number, time)
  SELECT environment_id, id, 1, 1, CASE WHEN status = 'EXECUTING' THEN 'QUEUED' ELSE status END, 0, now() FROM run
  UNION ALL
  SELECT environment_id, id, 2, 1, status, 1, now() FROM run WHERE status = 'EXECUTING'
), notice AS (
  ${outboxRow("$12")}
)
SELECT id, status, queue, ${microseconds("now()")} AS queue_time_us, machine, NULL AS due_in_ms, NULL AS expire_in_ms, ${OUTBOX_ID}, deployment_id, max_attempts FROM run`,
};

/**
 * Stores runs as {@link insertRuns} does, and claims in the same statement those that have a claim in advance: EXECUTING, in their first attempt, pinned to the environment's
 * current version. A run whose queue or machine is another than its claim's, whose supervisor does not live, or whose epoch is not its shard's is QUEUED all the same.
 */
export function insertClaimedRuns(
  db: Queryable,
  runs: readonly NewRun[],
  claims: readonly (ClaimInAdvance | undefined)[],
  announce: boolean,
): Promise<StoredRun[]> {
  const made = claims.filter((claim) => claim !== undefined);
  return db.query<StoredRun>(INSERT_CLAIMED_RUNS, [
    ...newRunValues(runs, announce),
    claims.map((claim) => claim?.supervisorId ?? null),
    claims.map((claim) => claim?.leaseToken ?? null),
    claims.map((claim) => claim?.epoch ?? null),
    claims.map((claim) => claim?.shard ?? null),
    claims.map((claim) => claim?.queue ?? null),
    claims.map((claim) => claim?.machine ?? null),
    Array.from(new Set(made.map((claim) => claim.shard))),
    Array.from(new Set(made.map((claim) => claim.supervisorId))),
  ]);
}
