import type { Queryable, Statement } from "@windlass/chassis";
import { hasStatus, isRun, lookUp, microseconds, OUTBOX_ID, outboxRow } from "./sql.ts";

/** A run to be leased. */
export interface ClaimItem {
  readonly environmentId: string;
  readonly runId: string;
  readonly supervisorId: string;
  /** The fencing token of the lease to be (I2). */
  readonly leaseToken: string;
  readonly epoch: bigint;
  /** Of the run's environment. */
  readonly shard: number;
}

/** A run that was leased. */
export interface ClaimedRow {
  /** Which item this is, from 1. */
  readonly position: number;
  readonly task_id: string;
  readonly revision: number;
  readonly queue: string;
  readonly deployment_id: string;
  readonly attempt_number: number;
  readonly max_attempts: number;
  readonly create_time_us: number;
  readonly start_time_us: number;
  readonly claim_time_us: number;
  readonly tags: string[];
  readonly is_test: boolean;
  readonly traceparent: string;
  /** Null when the payloads before it are already as much as one answer may carry; empty when the lease continues an attempt, whose process has it. */
  readonly payload: Buffer | null;
  readonly payload_type: string;
  /** The run's metadata; null when there is none. */
  readonly metadata: Buffer | null;
  /** An encoded windlass.v1.RunOptions without metadata; null when nothing was given. */
  readonly options: Buffer | null;
  readonly parent_run_id: string | null;
  readonly root_run_id: string | null;
  readonly replay_of_run_id: string | null;
  readonly schedule_id: string | null;
  /** The machine preset, when it is not the task's own. */
  readonly machine: string | null;
  /** The wait after which the lease continues an attempt; null when it begins one. */
  readonly wait_id: string | null;
  readonly event_seq: number;
  readonly outbox_id: number | null;
}

export interface ClaimedRuns {
  readonly claimed: ClaimedRow[];
  /** The epochs of the shards; one that never had an owner is missing. */
  readonly epochByShard: ReadonlyMap<number, bigint>;
  /** Which of the supervisors live. */
  readonly aliveSupervisorIds: ReadonlySet<string>;
}

type Row = ClaimedRow & {
  readonly shard: number | null;
  readonly epoch: bigint | null;
  readonly alive_id: string | null;
};

/** Payloads beyond this are left out of one answer: twelve megabytes with the largest payload at the end, well below the limit of a message. */
const MAX_PAYLOAD_BYTES = 8 * 1024 * 1024;

/** The columns of a lease, in rows that tell something else. */
const NO_LEASE = Array.from({ length: 25 }, () => "NULL").join(", ");

// The two locks make checks of what the snapshot saw into checks of what is (design.md, "traps"):
// - FOR SHARE on the epoch: WatchQueued's bump waits for claims in flight, and a claim that waited for the bump sees the new epoch. So once a new owner lists the queue,
//   no claim of an old epoch commits (I4).
// - FOR KEY SHARE on supervisors: their removal waits for claims in flight and takes these runs too; a claim that waited for it sees nobody (I1). Heartbeats do not wait.
export const CLAIM_RUNS: Statement = {
  name: "claim_runs",
  text: `
WITH shard AS MATERIALIZED (
  SELECT shard, epoch FROM queue_epochs WHERE shard = ANY ($8::int4[]) ORDER BY shard FOR SHARE
), alive AS MATERIALIZED (
  SELECT id FROM supervisors WHERE id = ANY ($1::text[]) AND expire_time > now() ORDER BY id FOR KEY SHARE
), run AS (
  UPDATE runs r SET
    status = 'EXECUTING',
    revision = r.revision + 1,
    attempt_number = r.attempt_number + CASE WHEN r.wait_id IS NULL THEN 1 ELSE 0 END,
    deployment_id = coalesce(r.deployment_id, (SELECT e.current_deployment_id FROM environments e WHERE e.id = r.environment_id)),
    start_time = coalesce(r.start_time, now()),
    expire_time = NULL,
    lease_token = i.lease_token,
    supervisor_id = i.supervisor_id,
    claim_time = now(),
    event_seq = r.event_seq + 1
  FROM unnest($2::text[], $3::text[], $4::text[], $5::uuid[], $6::int8[], $9::int4[]) WITH ORDINALITY
    AS i (environment_id, run_id, supervisor_id, lease_token, epoch, shard, position)
  WHERE ${isRun("i.environment_id", "i.run_id")} AND ${hasStatus("QUEUED")}
    AND (r.wait_id IS NULL OR r.supervisor_id = i.supervisor_id) IS TRUE
    AND ((i.shard, i.epoch) IN (SELECT shard, epoch FROM shard)) IS TRUE AND (i.supervisor_id IN (SELECT id FROM alive)) IS TRUE
  RETURNING i.position::int, r.environment_id, r.id, r.task_id, r.revision, r.queue, r.deployment_id, r.attempt_number, r.max_attempts,
    r.create_time, r.start_time, r.tags, r.is_test, r.traceparent, r.machine, r.wait_id, r.event_seq
), event AS (
  INSERT INTO run_events (environment_id, run_id, first_seq, count, status, attempt_number, time)
  SELECT environment_id, id, event_seq, 1, 'EXECUTING', attempt_number, now() FROM run
), notice AS (
  ${outboxRow("$7")}
)
SELECT run.position, run.task_id, run.revision::float8, run.queue, run.deployment_id, run.attempt_number, run.max_attempts,
  ${microseconds("run.create_time")} AS create_time_us, ${microseconds("run.start_time")} AS start_time_us, ${microseconds("now()")} AS claim_time_us,
  run.tags, run.is_test, run.traceparent,
  CASE WHEN run.wait_id IS NOT NULL THEN ''::bytea
    WHEN sum(size.bytes) OVER (ORDER BY run.position) - size.bytes < ${MAX_PAYLOAD_BYTES} THEN c.payload END AS payload,
  CASE WHEN run.wait_id IS NULL THEN c.payload_type ELSE '' END AS payload_type, CASE WHEN run.wait_id IS NULL THEN m.metadata END AS metadata,
  c.options, c.parent_run_id, c.root_run_id, c.replay_of_run_id, c.schedule_id, run.machine, run.wait_id,
  ${OUTBOX_ID}, run.event_seq::float8, NULL::int4 AS shard, NULL::int8 AS epoch, NULL::text AS alive_id
FROM run
JOIN run_contents c ON ${lookUp("c.environment_id", "run.environment_id")} AND ${lookUp("c.run_id", "run.id")}
LEFT JOIN run_metadata m ON ${lookUp("m.environment_id", "run.environment_id")} AND ${lookUp("m.run_id", "run.id")}
CROSS JOIN LATERAL (
  SELECT CASE WHEN run.wait_id IS NULL THEN octet_length(c.payload) + coalesce(octet_length(m.metadata), 0) ELSE 0 END AS bytes
) size
UNION ALL
SELECT ${NO_LEASE}, shard, epoch, NULL FROM shard
UNION ALL
SELECT ${NO_LEASE}, NULL, NULL, id FROM alive`,
};

/**
 * Leases runs: QUEUED becomes EXECUTING with the next attempt number, pinned to the environment's current version unless it is already pinned. A run whose attempt was suspended
 * keeps its attempt number, and goes to the supervisor that has its process alone. An item whose run is not
 * queued (any more), or not for this supervisor, whose supervisor does not live or whose epoch is not its shard's is left alone. Sort by (environment, run).
 */
export async function claimRuns(db: Queryable, items: readonly ClaimItem[], announce: boolean): Promise<ClaimedRuns> {
  const rows = await db.query<Row>(CLAIM_RUNS, [
    Array.from(new Set(items.map((item) => item.supervisorId))),
    items.map((item) => item.environmentId),
    items.map((item) => item.runId),
    items.map((item) => item.supervisorId),
    items.map((item) => item.leaseToken),
    items.map((item) => item.epoch),
    announce,
    Array.from(new Set(items.map((item) => item.shard))),
    items.map((item) => item.shard),
  ]);
  const claimed: ClaimedRow[] = [];
  const aliveSupervisorIds = new Set<string>();
  const epochByShard = new Map<number, bigint>();
  for (const row of rows) {
    if (row.position !== null) claimed.push(row);
    else if (row.alive_id !== null) aliveSupervisorIds.add(row.alive_id);
    else if (row.shard !== null && row.epoch !== null) epochByShard.set(row.shard, row.epoch);
  }
  return { claimed, epochByShard, aliveSupervisorIds };
}
