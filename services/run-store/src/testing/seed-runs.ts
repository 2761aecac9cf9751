import { randomUUID } from "node:crypto";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Postgres } from "@windlass/chassis";
import {
  AttemptSchema,
  type HookResultSchema,
  RunErrorSchema,
  type RunEventSchema,
  WatchRunResponseSchema,
} from "@windlass/proto";
import { endToProto, runToProto } from "../conversions/run-to-proto.ts";
import { type Feed, runKey } from "../feed/feed.ts";
import { createRunIds } from "../run-id.ts";
import { type AttemptOutcomeName, isTerminal, type RunStatusName } from "../run-state.ts";
import { createEnvironmentShards, QUEUE_SHARDS } from "../queue/environment-shards.ts";
import { setShardOwners } from "../store/queue-services.ts";
import { bumpQueueEpoch } from "../store/bump-queue-epoch.ts";
import { claimRuns } from "../store/claim-runs.ts";
import { insertRuns } from "../store/insert-runs.ts";
import type { NewRun } from "../store/new-run.ts";
import { readRunEnds } from "../store/read-run-ends.ts";
import { reportWork } from "../store/report-work.ts";
import { SUPERVISOR_ID } from "./reports.ts";

/** A claimed run. */
export interface TestLease {
  readonly environmentId: string;
  readonly runId: string;
  readonly leaseToken: string;
}

/** How a leased attempt ends. */
export interface TestEnd {
  readonly outcome: AttemptOutcomeName;
  readonly next: RunStatusName;
  readonly output?: string;
  readonly error?: MessageInitShape<typeof RunErrorSchema>;
  readonly hooks?: MessageInitShape<typeof HookResultSchema>[];
  readonly events?: MessageInitShape<typeof RunEventSchema>[];
}

/** Makes runs and moves them on by the store's own statements, and tells the feed as the hot path does. */
export interface RunSeeder {
  trigger(environmentId: string, init?: Partial<NewRun>): Promise<string>;
  /** Undefined when the run is not queued (any more). */
  claim(environmentId: string, runId: string): Promise<TestLease | undefined>;
  progress(lease: TestLease, events: MessageInitShape<typeof RunEventSchema>[]): Promise<void>;
  /** False when the lease is not the run's current one. */
  finish(lease: TestLease, end: TestEnd): Promise<boolean>;
  /** A run in this status, reached the way that leads there, or written where none does yet. */
  inStatus(environmentId: string, status: RunStatusName): Promise<string>;
}

/** Needs a version whose tasks include the triggered ones ("hello" by default), or runs are PENDING_VERSION. */
export async function createRunSeeder(postgres: Postgres, feed: Feed): Promise<RunSeeder> {
  const newRunId = createRunIds(() => Date.now());
  const owner = "test";
  const shardIds = Array.from({ length: QUEUE_SHARDS }, (_, shard) => shard);
  await setShardOwners(postgres, new Map(shardIds.map((shard) => [shard, owner])));
  const epochs = await Promise.all(shardIds.map((shard) => bumpQueueEpoch(postgres, { shard, owner })));
  const shards = createEnvironmentShards(postgres);
  await postgres.query(
    {
      name: "",
      text: `INSERT INTO supervisors (id, hostname, sandbox_tier, ttl_ms, register_time, expire_time)
        VALUES ($1, 'test', 'process', 86400000, now(), now() + interval '1 day')`,
    },
    [SUPERVISOR_ID],
  );

  const tell = async (environmentId: string, runId: string, status: RunStatusName, eventSeq: number) => {
    const key = runKey(environmentId, runId);
    feed.runChanges.publish(key, { eventSeq: BigInt(eventSeq), isTerminal: isTerminal(status) });
    if (!isTerminal(status) || !feed.finished.has(key)) return;
    const [end] = await readRunEnds(postgres, [{ environmentId, runId }]);
    if (end !== undefined) feed.finished.publish(key, runToProto(end, endToProto(end.status, end)));
  };

  const report = async (lease: TestLease, end: TestEnd | undefined, events: TestEnd["events"] = []) => {
    const nowUs = Date.now() * 1000;
    const [row] = await reportWork(
      postgres,
      [
        {
          ...lease,
          supervisorId: SUPERVISOR_ID,
          kind: end === undefined ? "progress" : "finish",
          next: end === undefined ? null : { ifExecuting: end.next, ifCanceling: "CANCELED" },
          retryDelayMs: end?.next === "RETRYING" ? 3_600_000 : null,
          retryMachine: null,
          addsAttempt: false,
          waitId: null,
          metadata: null,
          addTags: null,
          events:
            events.length === 0
              ? null
              : {
                  encoded: toBinary(WatchRunResponseSchema, create(WatchRunResponseSchema, { events })),
                  count: events.length,
                },
          attempt:
            end === undefined
              ? null
              : {
                  outcome: end.outcome,
                  startTimeUs: nowUs,
                  finishTimeUs: nowUs,
                  output: end.output === undefined ? null : Buffer.from(end.output),
                  outputType: end.output === undefined ? null : "application/json",
                  error: end.error === undefined ? null : toBinary(RunErrorSchema, create(RunErrorSchema, end.error)),
                  hooks:
                    end.hooks === undefined
                      ? null
                      : toBinary(AttemptSchema, create(AttemptSchema, { hooks: end.hooks })),
                },
        },
      ],
      false,
    );
    if (row === undefined) return false;
    await tell(lease.environmentId, lease.runId, row.status, row.event_seq);
    return true;
  };

  const seeder: RunSeeder = {
    async trigger(environmentId, init = {}) {
      const runId = newRunId();
      await insertRuns(
        postgres,
        [
          {
            environmentId,
            runId,
            requestId: randomUUID(),
            taskId: "hello",
            payload: Buffer.from('{"message":"Hello world!"}'),
            payloadType: "application/json",
            queue: null,
            maxAttempts: null,
            tags: [],
            isTest: false,
            traceparent: "",
            ...init,
          },
        ],
        false,
      );
      return runId;
    },

    async claim(environmentId, runId) {
      const leaseToken = randomUUID();
      await shards.load([environmentId]);
      const shard = shards.of(environmentId) ?? 0;
      const epoch = epochs[shard] ?? 0n;
      const { claimed } = await claimRuns(
        postgres,
        [{ environmentId, runId, supervisorId: SUPERVISOR_ID, leaseToken, shard, epoch }],
        false,
      );
      return claimed.length === 0 ? undefined : { environmentId, runId, leaseToken };
    },

    progress: async (lease, events) => void (await report(lease, undefined, events)),

    finish: (lease, end) => report(lease, end, end.events),

    async inStatus(environmentId, status) {
      if (status === "PENDING_VERSION") return seeder.trigger(environmentId, { taskId: "unknown" });
      const runId = await seeder.trigger(environmentId);
      if (status === "QUEUED") return runId;
      if (status === "DELAYED" || status === "EXPIRED") {
        await postgres.query(
          {
            name: "",
            text: `UPDATE runs SET status = $3::run_status, revision = revision + 1,
              due_time = CASE WHEN $3 = 'DELAYED' THEN now() + interval '1 hour' END, finish_time = CASE WHEN $3 = 'EXPIRED' THEN now() END
              WHERE environment_id = $1 AND id = $2`,
          },
          [environmentId, runId, status],
        );
        return runId;
      }
      const lease = await seeder.claim(environmentId, runId);
      if (lease === undefined) throw new Error(`${runId} cannot be claimed`);
      const end = ENDS[status];
      if (status === "WAITING")
        await postgres.query(
          {
            name: "",
            text: `UPDATE runs SET status = 'WAITING', revision = revision + 1, wait_id = 'wait', suspended_token = lease_token
              WHERE environment_id = $1 AND id = $2`,
          },
          [environmentId, runId],
        );
      if (status === "CANCELING" || status === "CANCELED")
        await postgres.query(
          {
            name: "",
            text: `UPDATE runs SET status = 'CANCELING', revision = revision + 1, cancel_request_time = now(), cancel_reason = 'first'
              WHERE environment_id = $1 AND id = $2`,
          },
          [environmentId, runId],
        );
      if (end !== undefined) await seeder.finish(lease, end);
      return runId;
    },
  };
  return seeder;
}

const error = { name: "Error", message: "boom", code: 1 } as const;

const ENDS: Partial<Record<RunStatusName, TestEnd>> = {
  RETRYING: { outcome: "FAILED", next: "RETRYING", error },
  COMPLETED: { outcome: "SUCCEEDED", next: "COMPLETED", output: '"done"' },
  FAILED: { outcome: "FAILED", next: "FAILED", error },
  CRASHED: { outcome: "CRASHED", next: "CRASHED", error },
  SYSTEM_FAILURE: { outcome: "LOST", next: "SYSTEM_FAILURE", error },
  TIMED_OUT: { outcome: "TIMED_OUT", next: "TIMED_OUT", error },
  CANCELED: { outcome: "CANCELED", next: "CANCELED" },
};
