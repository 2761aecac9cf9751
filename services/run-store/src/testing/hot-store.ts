import {
  createFakeClock,
  createLogger,
  createPostgres,
  type FakeClock,
  type Postgres,
  startTelemetry,
  type Telemetry,
} from "@windlass/chassis";
import type { Lease, Run, RunEvent } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { checkInvariants } from "../../../../test/kit/invariants.ts";
import { createStoreDatabase } from "../../../../test/kit/test-database.ts";
import { createFeed, type Feed, runKey } from "../feed/feed.ts";
import { createHotPath, type HotPathParts } from "../hot-path.ts";
import { NO_OUTBOX, type OutboxPublisher } from "../outbox/outbox-publisher.ts";
import { cancelRun } from "../runs/cancel-run.ts";
import { createRunEndReader } from "../runs/run-end-reader.ts";
import type { Triggered } from "../runs/trigger-runs.ts";
import { bumpQueueEpoch } from "../store/bump-queue-epoch.ts";
import { setShardOwners } from "../store/queue-services.ts";
import { connectionUrl } from "../store/connection-url.ts";
import { registerSupervisor } from "../supervisors/register-supervisor.ts";
import { NO_OPTIONS } from "../validation/run-options.ts";
import type { ParsedTrigger } from "../validation/trigger-requests.ts";
import type { Lease as LeaseKey } from "../work/lease.ts";
import type { FinishItem, ReportItem } from "../work/report-item.ts";
import { finishItem, leaseKey, SUPERVISOR_ID, waitOf } from "./reports.ts";
import { STEADY_DATABASE_CLOCK } from "./steady-database-clock.ts";

export const ENVIRONMENT_ID = "env_test";
export const OTHER_ENVIRONMENT_ID = "env_other";
const BUNDLE_HASH = "0".repeat(64);

/** The use cases of the hot path on a database of its own, with two environments, a deployment and a supervisor. */
export interface HotStore {
  readonly url: string;
  readonly postgres: Postgres;
  readonly feed: Feed;
  readonly parts: HotPathParts;
  readonly clock: FakeClock;
  /** Under which `claim` claims. */
  readonly epoch: bigint;
  /** The shard of the environment, which "test" owns. */
  readonly shard: number;
  /** Gives an environment's shard to an owner, under a new epoch. */
  takeShard(owner: string, environmentId?: string): Promise<bigint>;
  /** Runs any statement. */
  sql<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Makes a version with these tasks the environment's current one. */
  deploy(tasks: readonly TestTask[], environmentId?: string): Promise<string>;
  /** Triggers one run, and gives its id. */
  trigger(overrides?: Partial<ParsedTrigger>, environmentId?: string): Promise<string>;
  triggerMany(count: number): Promise<string[]>;
  register(supervisorId: string, ttlMs?: number): Promise<void>;
  /** Claims one run; throws what it was refused with. */
  claim(runId: string, supervisorId?: string, epoch?: bigint): Promise<Lease>;
  /** Reports the end of an attempt; the leases lost. */
  finish(lease: Lease, end?: Partial<FinishItem>): Promise<LeaseKey[]>;
  progress(lease: Lease, events: readonly RunEvent[]): Promise<LeaseKey[]>;
  release(lease: Lease): Promise<LeaseKey[]>;
  /** Reports that the attempt waits, with its WaitStarted. */
  suspend(lease: Lease, waitId: string): Promise<LeaseKey[]>;
  /** Reports that the wait is over. */
  resume(lease: Lease, waitId: string): Promise<LeaseKey[]>;
  run(runId: string): Promise<StoredRun>;
  /** The statuses in a run's timeline, in order. */
  statuses(runId: string): Promise<string[]>;
  /** Asks for a cancel, as CancelRun does. */
  cancel(runId: string): Promise<Run>;
  /** The run as whoever waits for its end is told; listens from now on. */
  ended(runId: string): Promise<Run>;
  /** Resolves when a statement waits for a lock. */
  lockWait(): Promise<void>;
  violations(): ReturnType<typeof checkInvariants>;
  stop(): Promise<void>;
}

/** A task of a version; what it does not say is as in `startHotStore`. */
export interface TestTask {
  readonly id: string;
  readonly maxAttempts?: number;
  readonly queue?: string;
  readonly minTimeoutMs?: number;
}

/** A row of `runs`, times as text. */
export interface StoredRun {
  readonly id: string;
  readonly status: string;
  readonly revision: bigint;
  readonly queue: string | null;
  readonly deployment_id: string | null;
  readonly attempt_number: number;
  readonly max_attempts: number | null;
  readonly queue_time: string;
  readonly start_time: string | null;
  readonly finish_time: string | null;
  readonly due_time: string | null;
  readonly cancel_reason: string | null;
  readonly lease_token: string | null;
  readonly supervisor_id: string | null;
  readonly wait_id: string | null;
  readonly suspended_token: string | null;
  readonly machine: string | null;
  readonly event_seq: bigint;
  readonly traceparent: string;
  readonly tags: string[];
}

/** Starts a store whose environment has the tasks "hello" (three attempts, 1 s apart at first) and "once" (one attempt). */
export async function startHotStore(
  options: { readonly outbox?: OutboxPublisher; readonly telemetry?: Telemetry } = {},
): Promise<HotStore> {
  const database = await createStoreDatabase();
  const logger = createLogger({ service: "test", level: "error" });
  const telemetry = options.telemetry ?? startTelemetry({ service: "test", logger });
  const postgres = createPostgres({
    url: connectionUrl(database.url),
    maxConnections: 10,
    logger,
    telemetry,
    applicationName: "test",
  });
  await postgres.start();
  const feed = createFeed();
  const clock = createFakeClock(Date.now());
  const hotPath = createHotPath({
    postgres,
    feed,
    outbox: options.outbox ?? NO_OUTBOX,
    telemetry,
    clock,
    databaseClock: STEADY_DATABASE_CLOCK,
    logger,
    random: () => 0,
  });
  const { parts } = hotPath;
  const sql = <Row extends object>(text: string, values: readonly unknown[] = []) =>
    postgres.query<Row>({ name: "", text }, values);

  await sql("INSERT INTO bundles (hash, size, content) VALUES ($1, 1, 'x')", [BUNDLE_HASH]);
  for (const id of [ENVIRONMENT_ID, OTHER_ENVIRONMENT_ID]) {
    await sql("INSERT INTO environments (id, slug, type, project) VALUES ($1, $2, 'DEVELOPMENT', 'proj')", [
      id,
      id.replace("_", "-"),
    ]);
  }
  let deployments = 0;
  let requests = 0;

  const deploy = async (tasks: readonly TestTask[], environmentId = ENVIRONMENT_ID): Promise<string> => {
    deployments += 1;
    const id = `dep_${deployments}`;
    await sql(
      "INSERT INTO deployments (environment_id, id, version, bundle_hash, index_hash) VALUES ($1, $2, $3, $4, '')",
      [environmentId, id, `v${deployments}`, BUNDLE_HASH],
    );
    for (const task of tasks) {
      await sql("INSERT INTO deployment_tasks VALUES ($1, $2, $3, 'f.ts', '', $4, $5, 2, $6, 60000, true)", [
        environmentId,
        id,
        task.id,
        task.queue ?? `task/${task.id}`,
        task.maxAttempts ?? 3,
        task.minTimeoutMs ?? 1_000,
      ]);
    }
    await sql("UPDATE environments SET current_deployment_id = $2 WHERE id = $1", [environmentId, id]);
    return id;
  };
  const register = (id: string, ttlMs = 60_000): Promise<void> =>
    registerSupervisor(
      { db: postgres, feed },
      { id, hostname: "host", sandboxTier: "process", ttlMs, replacesId: "", capacity: null, release: "" },
    );

  const lostOf = async (item: ReportItem): Promise<LeaseKey[]> => {
    const { lost } = await parts.reporter.report({ items: [item], bytes: 0 });
    return [...lost];
  };

  await deploy([{ id: "hello" }, { id: "once", maxAttempts: 1 }]);
  await register(SUPERVISOR_ID);
  const takeShard = async (owner: string, environmentId = ENVIRONMENT_ID): Promise<bigint> => {
    await parts.shards.load([environmentId]);
    const shard = parts.shards.of(environmentId) ?? 0;
    await setShardOwners(postgres, new Map([[shard, owner]]));
    return (await bumpQueueEpoch(postgres, { shard, owner })) ?? 0n;
  };
  const epoch = await takeShard("test");
  const shard = parts.shards.of(ENVIRONMENT_ID) ?? 0;

  return {
    url: database.url,
    postgres,
    feed,
    parts,
    clock,
    epoch,
    shard,
    takeShard,
    sql,
    deploy,
    register,
    trigger: async (overrides = {}, environmentId = ENVIRONMENT_ID) => {
      requests += 1;
      const [result] = await parts.trigger.trigger(environmentId, [newTrigger(`request-${requests}`, overrides)]);
      return runIdOf(result);
    },
    triggerMany: async (count) => {
      const triggers = Array.from({ length: count }, () => newTrigger(`request-${(requests += 1)}`, {}));
      return (await parts.trigger.trigger(ENVIRONMENT_ID, triggers)).map(runIdOf);
    },
    claim: async (runId, supervisorId = SUPERVISOR_ID, claimEpoch = epoch) => {
      const claimed = await parts.claimer.claim({
        epoch: claimEpoch,
        shard,
        claims: [
          {
            $typeName: "windlass.internal.v1.Claim",
            environmentId: ENVIRONMENT_ID,
            runId,
            supervisorId,
            traceparent: "",
          },
        ],
      });
      const result = claimed instanceof CallFailure ? claimed : claimed[0];
      if (result === undefined || result instanceof CallFailure) throw result ?? new Error("no result");
      return result;
    },
    finish: (lease, end = {}) => lostOf(finishItem(lease, end)),
    progress: (lease, events) => lostOf({ kind: "progress", lease: leaseKey(lease), events }),
    release: (lease) => lostOf({ kind: "release", lease: leaseKey(lease) }),
    suspend: (lease, waitId) => lostOf({ kind: "suspend", lease: leaseKey(lease), ...waitOf(waitId) }),
    resume: (lease, waitId) => lostOf({ kind: "resume", lease: leaseKey(lease), waitId }),
    run: async (runId) => {
      const [row] = await sql<StoredRun>(
        `SELECT *, queue_time::text, start_time::text, finish_time::text, due_time::text FROM runs WHERE id = $1`,
        [runId],
      );
      if (row === undefined) throw new Error(`no run ${runId}`);
      return row;
    },
    statuses: async (runId) => {
      const rows = await sql<{ status: string }>(
        "SELECT status FROM run_events WHERE run_id = $1 AND status IS NOT NULL ORDER BY first_seq",
        [runId],
      );
      return rows.map((row) => row.status);
    },
    cancel: (runId) =>
      cancelRun(
        { ...parts, clock, reader: createRunEndReader(postgres) },
        { environmentId: ENVIRONMENT_ID, runId, reason: "no longer needed" },
      ),
    ended: (runId) =>
      new Promise((resolve) => {
        const stop = feed.finished.listen(runKey(ENVIRONMENT_ID, runId), (run) => {
          stop();
          resolve(run);
        });
      }),
    lockWait: async () => {
      for (;;) {
        const rows = await sql(
          "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
        );
        if (rows.length > 0) return;
      }
    },
    violations: () => checkInvariants(postgres),
    async stop() {
      await hotPath.stop();
      await postgres.stop();
      await database.drop();
    },
  };
}

/** A trigger of "hello" that says no more than it must. */
export function newTrigger(requestId: string, overrides: Partial<ParsedTrigger>): ParsedTrigger {
  return {
    requestId,
    taskId: "hello",
    payload: { data: Buffer.from('{"message":"Hello world!"}'), contentType: "application/json" },
    queue: "",
    maxAttempts: 0,
    tags: [],
    isTest: false,
    traceparent: "",
    parentRunId: "",
    options: NO_OPTIONS,
    ...overrides,
  };
}

/** The run that a trigger made or found; throws what it was refused with. */
export function runIdOf(result: Triggered | CallFailure | undefined): string {
  if (result === undefined || result instanceof CallFailure) throw result ?? new Error("no result");
  return result.runId;
}
