import { randomUUID } from "node:crypto";
import { asCallFailure } from "@windlass/proto/grpc";
import { type ClaimInAdvance, insertClaimedRuns, type StoredRun } from "../store/insert-claimed-runs.ts";
import { type InsertedRun, insertRuns } from "../store/insert-runs.ts";
import type { NewRun } from "../store/new-run.ts";
import type { RunMetrics } from "../run-metrics.ts";
import { createKnownLines } from "./known-lines.ts";
import { type ClaimedItem, type ClaimedRun, makeLeases, type MakeLeasesOptions } from "./make-leases.ts";
import type { ClaimAside, ClaimedLine, NextClaims } from "./next-claims.ts";

/** Stores runs, all or nothing, and claims in the same statement those that a claim waits for. Returns those stored; see {@link insertRuns}. */
export type StoreRuns = (runs: readonly NewRun[]) => Promise<readonly InsertedRun[]>;

export interface StoreAndClaim {
  readonly store: StoreRuns;
  /** Resolves when every claim that took runs is answered. */
  drain(): Promise<void>;
}

export interface StoreAndClaimOptions extends MakeLeasesOptions {
  readonly nextClaims: Pick<NextClaims, "setAside">;
  /** Whether statements write an outbox row. */
  readonly hasOutbox: boolean;
  readonly metrics: RunMetrics;
}

/** A run that was stored and claimed has changed twice. */
export const CLAIMED_REVISION = 2;

/** The claim in advance of a run, and what it answers. */
interface Expected {
  readonly aside: ClaimAside;
  readonly claim: ClaimInAdvance;
}

/**
 * Which queue a run goes to the database says; until then it is guessed from the runs before, and the statement claims only what was guessed well. Whatever is stored without being claimed
 * goes the way of any queued run, on which the claim waits for it again. A crash after the commit leaves leases that were never delivered: heartbeats repair them (I1).
 */
export function createStoreAndClaim(options: StoreAndClaimOptions): StoreAndClaim {
  const { postgres, hasOutbox, nextClaims } = options;
  const lines = createKnownLines();
  const delivering = new Set<Promise<void>>();

  const lineOf = ({ environmentId, taskId, queue }: NewRun): ClaimedLine | undefined => {
    const known = lines.guess(environmentId, taskId);
    if (known === undefined) return undefined;
    return { environmentId, queue: queue ?? known.queue, machine: known.machine, concurrencyKey: "" };
  };

  const learn = (runs: ReadonlyMap<string, NewRun>, rows: readonly InsertedRun[]): void => {
    for (const { id, queue, machine } of rows) {
      const run = runs.get(id);
      if (run === undefined || run.queue !== null || queue === null || machine === null) continue;
      lines.learn(run.environmentId, run.taskId, { queue, machine });
    }
  };

  const store: StoreRuns = async (runs) => {
    const expected = nextClaims
      .setAside(runs.map(lineOf))
      .map((aside) => (aside === undefined ? undefined : expect(aside)));
    const byId = new Map(runs.map((run) => [run.runId, run]));
    if (expected.every((each) => each === undefined)) {
      const rows = await insertRuns(postgres, runs, hasOutbox);
      learn(byId, rows);
      return rows;
    }

    const claimed = new Map<ClaimAside, ClaimedRun<ClaimedItem>[]>();
    for (const each of expected) if (each !== undefined) claimed.set(each.aside, []);
    const claims = expected.map((each) => each?.claim);
    let rows: StoredRun[];
    try {
      rows = await insertClaimedRuns(postgres, runs, claims, hasOutbox);
    } catch (error) {
      for (const aside of claimed.keys()) aside.settle([]);
      throw error;
    }
    learn(byId, rows);
    const rowById = new Map(rows.map((row) => [row.id, row]));
    for (const [index, run] of runs.entries()) {
      const own = expected[index];
      const row = rowById.get(run.runId);
      if (own !== undefined && row?.status === "EXECUTING")
        claimed.get(own.aside)?.push(claimedRun(run, row, own.claim));
    }
    for (const [aside, own] of claimed) {
      // At once, so that it waits again before anybody looks for it.
      if (own.length === 0) aside.settle([]);
      else deliver(aside, own);
    }
    return rows;
  };

  /** Whoever triggered does not wait for it. */
  const deliver = (aside: ClaimAside, claimed: readonly ClaimedRun<ClaimedItem>[]): void => {
    options.metrics.claimed(claimed.length);
    const delivery = makeLeases(options, claimed)
      .then(
        ({ leases }) => aside.settle(Array.from(leases.values())),
        (error: unknown) => aside.settle(asCallFailure(error)),
      )
      .finally(() => delivering.delete(delivery));
    delivering.add(delivery);
  };

  return {
    store,
    async drain() {
      await Promise.all(delivering);
    },
  };
}

function expect(aside: ClaimAside): Expected {
  const { shard, epoch, next } = aside;
  const { supervisorId, queue, machine } = next;
  return { aside, claim: { supervisorId, leaseToken: randomUUID(), epoch, shard, queue, machine } };
}

/** What the claim of the stored run would have answered. */
function claimedRun(
  run: NewRun,
  row: StoredRun,
  { leaseToken, supervisorId }: ClaimInAdvance,
): ClaimedRun<ClaimedItem> {
  const { environmentId, runId } = run;
  return {
    item: { environmentId, runId, leaseToken, supervisorId, traceparent: "" },
    row: {
      task_id: run.taskId,
      revision: CLAIMED_REVISION,
      queue: row.queue ?? "",
      deployment_id: row.deployment_id ?? "",
      attempt_number: 1,
      max_attempts: row.max_attempts ?? 1,
      create_time_us: row.queue_time_us,
      start_time_us: row.queue_time_us,
      claim_time_us: row.queue_time_us,
      tags: Array.from(run.tags),
      is_test: run.isTest,
      traceparent: run.traceparent,
      payload: run.payload,
      payload_type: run.payloadType,
      metadata: null,
      options: null,
      parent_run_id: null,
      root_run_id: null,
      replay_of_run_id: null,
      schedule_id: null,
      machine: null,
      wait_id: null,
      event_seq: CLAIMED_REVISION,
    },
  };
}
