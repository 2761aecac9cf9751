import { randomUUID } from "node:crypto";
import { createBatcher, overloaded } from "@windlass/chassis";
import type { Claim, Lease } from "@windlass/proto";
import { asCallFailure, CallFailure, fieldInvalid } from "@windlass/proto/grpc";
import type { AnnounceChanges } from "../announce-changes.ts";
import { epochStale, runNotQueued, supervisorExpired } from "../failures.ts";
import type { RunMetrics } from "../run-metrics.ts";
import { byRunKey } from "../run-order.ts";
import { splitBatch } from "../split-batch.ts";
import { type ClaimItem, claimRuns, type ClaimedRow } from "../store/claim-runs.ts";
import type { EnvironmentShards } from "./environment-shards.ts";
import { makeLeases, type MakeLeasesOptions } from "./make-leases.ts";

/** What the queue asks for in one message. */
export interface ClaimMessage {
  /** Of all these runs. */
  readonly shard: number;
  readonly epoch: bigint;
  readonly claims: readonly Claim[];
}

/** A result for each claim, in their order; or why nothing was claimed at all (EPOCH_STALE). */
export type ClaimedMessage = (Lease | CallFailure)[] | CallFailure;

export interface RunClaimer {
  /** Leases runs. Throws OVERLOADED and NOT_READY; then it is unknown what was claimed, and the supervisors' heartbeats repair what is never delivered. */
  claim(message: ClaimMessage): Promise<ClaimedMessage>;
  drain(): Promise<void>;
}

export interface RunClaimerOptions extends MakeLeasesOptions {
  readonly announce: AnnounceChanges;
  /** Whether statements write an outbox row. */
  readonly hasOutbox: boolean;
  readonly metrics: RunMetrics;
  readonly shards: EnvironmentShards;
}

/** Claims in one statement; a message has at most 1,000, and is never split. */
const MAX_CLAIMS = 1_000;

/** Gathers the messages that wait at one moment into one statement. */
export function createRunClaimer(options: RunClaimerOptions): RunClaimer {
  const batcher = createBatcher<ClaimMessage, ClaimedMessage>({
    name: "claims",
    // "Bytes" are claims here: what bounds a batch is the number of rows.
    weigh: (message) => message.claims.length,
    maxBatchBytes: MAX_CLAIMS,
    run: (messages) => splitBatch(messages, (part) => claimMessages(options, part), cannotBeClaimed),
  });
  const claim = async (message: ClaimMessage): Promise<ClaimedMessage> => {
    await options.shards.load(message.claims.map((each) => each.environmentId));
    // Its epoch is checked against that of the shard: a run of another shard must not pass under it (I4).
    const strayed = message.claims.find(
      (each) => (options.shards.of(each.environmentId) ?? message.shard) !== message.shard,
    );
    return strayed === undefined ? batcher.submit(message) : strayedClaim(strayed, message.shard);
  };
  return { claim, drain: () => batcher.drain() };
}

async function claimMessages(options: RunClaimerOptions, messages: readonly ClaimMessage[]): Promise<ClaimedMessage[]> {
  const items = messages.flatMap(({ epoch, shard, claims }) =>
    claims.map((claim) => ({
      epoch,
      shard,
      environmentId: claim.environmentId,
      runId: claim.runId,
      supervisorId: claim.supervisorId,
      leaseToken: randomUUID(),
      traceparent: claim.traceparent,
    })),
  );
  const sorted = items.toSorted(byRunKey);
  const { claimed, epochByShard, aliveSupervisorIds } = await claimRuns(options.postgres, sorted, options.hasOutbox);
  afterCommit(options, sorted, claimed);

  const { leases, tooMuch } = await makeLeases(
    options,
    claimed.flatMap((row) => {
      const item = sorted[row.position - 1];
      return item === undefined ? [] : [{ item, row }];
    }),
  );

  let at = 0;
  return messages.map((message) => {
    const mine = items.slice(at, (at += message.claims.length));
    const epoch = epochByShard.get(message.shard);
    if (message.epoch !== epoch) return epochStale(message.shard, message.epoch, epoch);
    return mine.map((item) => {
      const lease = leases.get(item);
      if (lease !== undefined) return lease;
      if (tooMuch.has(item)) return overloaded(`The payloads of one message are too much; claim ${item.runId} again.`);
      return aliveSupervisorIds.has(item.supervisorId)
        ? runNotQueued(item.runId)
        : supervisorExpired(item.supervisorId);
    });
  });
}

function afterCommit(
  { announce, metrics }: RunClaimerOptions,
  items: readonly ClaimItem[],
  claimed: readonly ClaimedRow[],
): void {
  metrics.batch("claim", items.length);
  metrics.claimed(claimed.length);
  announce(
    claimed[0]?.outbox_id ?? null,
    claimed.map((row) => ({
      environmentId: items[row.position - 1]?.environmentId ?? "",
      runId: items[row.position - 1]?.runId ?? "",
      taskId: row.task_id,
      status: "EXECUTING",
      revision: row.revision,
      eventSeq: row.event_seq,
    })),
  );
}

function strayedClaim({ environmentId }: Claim, shard: number): CallFailure {
  return fieldInvalid({
    field: "shard",
    description: `must be that of all claims; ${environmentId} is not in ${shard}.`,
  });
}

/** One message whose values the database refused. Its claims are only ids, which are validated; so this is a defect. */
function cannotBeClaimed(_message: ClaimMessage, error: Error): ClaimedMessage {
  return asCallFailure(error);
}
