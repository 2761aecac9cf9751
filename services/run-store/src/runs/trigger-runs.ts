import {
  type Batcher,
  type Clock,
  createBatcher,
  type Logger,
  type OpenSpan,
  type Postgres,
  startSpan,
  type Telemetry,
} from "@windlass/chassis";
import { asCallFailure, type CallFailure, fieldInvalid } from "@windlass/proto/grpc";
import type { AnnounceChanges, ChangedRun } from "../announce-changes.ts";
import { dueExpiry, dueRun } from "../conversions/due-item.ts";
import { queuedRunToProto } from "../conversions/queued-run.ts";
import type { Feed } from "../feed/feed.ts";
import type { NextClaims } from "../queue/next-claims.ts";
import { CLAIMED_REVISION, type StoreRuns } from "../queue/store-and-claim.ts";
import type { RunIds } from "../run-id.ts";
import type { RunMetrics } from "../run-metrics.ts";
import { compare } from "../run-order.ts";
import { splitBatch } from "../split-batch.ts";
import { findRunsByRequest } from "../store/find-runs-by-request.ts";
import type { InsertedRun } from "../store/insert-runs.ts";
import type { NewRun } from "../store/new-run.ts";
import type { ParsedTrigger } from "../validation/trigger-requests.ts";
import type { PromotePendingRuns } from "./promote-pending-runs.ts";
import { storeDebouncedRun } from "./store-debounced-run.ts";
import { type DescribedOutcome, type DescribedTrigger, storeDescribedRuns } from "./store-described-runs.ts";

/** What a trigger made, or found when its request id had already made it. */
export interface Triggered {
  readonly runId: string;
  readonly isCached: boolean;
}

/** A checked request, and the run that it repeats. */
export type TriggerRequest = ParsedTrigger & { readonly replayOfRunId?: string };

export interface RunTrigger {
  /** Stores runs; one result for each, once it is durable. A trigger that cannot be stored fails alone. Throws OVERLOADED and NOT_READY for all. */
  trigger(environmentId: string, triggers: readonly TriggerRequest[]): Promise<(Triggered | CallFailure)[]>;
  /** Tells of runs that another transaction has stored and committed. */
  announceStored(runs: readonly NewRun[], rows: readonly InsertedRun[]): void;
  /** Resolves when nothing is under way. */
  drain(): Promise<void>;
}

export interface RunTriggerOptions {
  readonly postgres: Postgres;
  readonly feed: Feed;
  readonly announce: AnnounceChanges;
  readonly nextClaims: Pick<NextClaims, "take">;
  /** For triggers that say no more than a {@link NewRun}. */
  readonly store: StoreRuns;
  /** Whether statements write an outbox row. */
  readonly hasOutbox: boolean;
  readonly promote: PromotePendingRuns;
  readonly runIds: RunIds;
  readonly metrics: RunMetrics;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A run counts as so many bytes beside its payload, so that a batch is at most 1,000 runs and at most 8 MB. */
const RUN_BYTES = 8 * 1024;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;

/** Gathers triggers made in the same moment into one statement. A crash loses those that were not answered; their callers ask again with the same request id (I7). */
export function createRunTrigger(options: RunTriggerOptions): RunTrigger {
  const { runIds, telemetry, metrics } = options;

  const batcher: Batcher<NewRun, Triggered | CallFailure> = createBatcher({
    name: "triggers",
    weigh: (run) => run.payload.byteLength + RUN_BYTES,
    maxBatchBytes: MAX_BATCH_BYTES,
    run: (runs) => {
      metrics.batch("trigger", runs.length);
      return splitBatch(runs, (part) => storeRuns(options, part), cannotBeStored);
    },
  });

  const describedBatcher: Batcher<DescribedTrigger, Triggered | CallFailure> = createBatcher({
    name: "triggers with options",
    weigh: (run) => run.payload.byteLength + (run.metadata?.byteLength ?? 0) + RUN_BYTES,
    maxBatchBytes: MAX_BATCH_BYTES,
    run: (runs) => {
      metrics.batch("trigger", runs.length);
      return splitBatch(runs, (part) => storeDescribed(options, part), cannotBeStored);
    },
  });

  /** In two statements, because what options add would slow down those that have none. */
  const submit = async (runs: readonly (NewRun | DescribedTrigger)[]): Promise<(Triggered | CallFailure)[]> => {
    const described = runs.filter((run) => isDescribed(run));
    const plain = runs.filter((run) => !isDescribed(run));
    if (described.length === 0) return batcher.submitMany(plain);
    const [describedResults, plainResults] = await Promise.all([
      describedBatcher.submitMany(described),
      batcher.submitMany(plain),
    ]);
    const [ofDescribed, ofPlain] = [describedResults.values(), plainResults.values()];
    return runs.map((run) => {
      const { value } = (isDescribed(run) ? ofDescribed : ofPlain).next();
      return value ?? asCallFailure(new Error("a trigger has no result"));
    });
  };

  const submitTraced = async (runs: readonly (NewRun | DescribedTrigger)[], spans: readonly OpenSpan[]) => {
    try {
      const results = await submit(runs);
      for (const span of spans) span.end();
      return results;
    } catch (error) {
      for (const span of spans) span.end(error);
      throw error;
    }
  };

  return {
    trigger(environmentId, triggers) {
      const spans: OpenSpan[] = [];
      const runs = triggers.map((trigger) => {
        const runId = runIds();
        let { traceparent } = trigger;
        if (traceparent !== "" && telemetry.enabled) {
          const span = triggerSpan(telemetry, trigger, runId);
          spans.push(span);
          ({ traceparent } = span);
        }
        return newRun(environmentId, runId, trigger, traceparent);
      });
      return submitTraced(runs, spans);
    },
    announceStored: (runs, rows) =>
      afterCommit(options, runs, new Map(rows.map((row) => [row.id, row])), options.clock.monotonicMs()),
    drain: async () => {
      await Promise.all([batcher.drain(), describedBatcher.drain()]);
    },
  };
}

function isDescribed(run: NewRun | DescribedTrigger): run is DescribedTrigger {
  return "options" in run;
}

/** The run's traceparent is this span's, so that everything the run does hangs under it. */
function triggerSpan(telemetry: Telemetry, trigger: ParsedTrigger, runId: string): OpenSpan {
  return startSpan(telemetry, {
    name: "run-store trigger",
    parent: trigger.traceparent,
    attributes: { "windlass.run.id": runId, "windlass.task.id": trigger.taskId },
  });
}

function newRun(
  environmentId: string,
  runId: string,
  trigger: TriggerRequest,
  traceparent: string,
): NewRun | DescribedTrigger {
  const run: NewRun = {
    environmentId,
    runId,
    requestId: trigger.requestId,
    taskId: trigger.taskId,
    payload: trigger.payload.data,
    payloadType: trigger.payload.contentType,
    queue: trigger.queue === "" ? null : trigger.queue,
    maxAttempts: trigger.maxAttempts === 0 ? null : trigger.maxAttempts,
    tags: trigger.tags,
    isTest: trigger.isTest,
    traceparent,
  };
  const { options, parentRunId, replayOfRunId } = trigger;
  if (options.encoded === null && options.metadata === null && parentRunId === "" && replayOfRunId === undefined)
    return run;
  return {
    ...run,
    options: options.encoded,
    parentRunId: parentRunId === "" ? null : parentRunId,
    replayOfRunId: replayOfRunId ?? null,
    batchId: options.batchId,
    version: options.version,
    machine: options.machine,
    startTimeUs: options.startTimeUs ?? null,
    metadata: options.metadata,
    ttlMs: options.ttlMs,
    scheduleId: null,
    concurrencyKey: options.concurrencyKey,
    prioritySeconds: options.prioritySeconds,
    idempotency: options.idempotency,
    debounce: options.debounce,
  };
}

async function storeDescribed(
  options: RunTriggerOptions,
  runs: readonly DescribedTrigger[],
): Promise<(Triggered | CallFailure)[]> {
  const startMs = options.clock.monotonicMs();
  const sorted = runs.toSorted(byRequest);
  const outcomes = await storeDescribedRuns(
    options.postgres,
    sorted.filter((run) => run.debounce === undefined),
    options.hasOutbox,
  );
  const inserted = new Map<string, InsertedRun>();
  for (const [runId, outcome] of outcomes) if (outcome.kind === "stored") inserted.set(runId, outcome.row);
  afterCommit(options, runs, inserted, startMs);
  // In the order of the triggers: of two with one key, the later is the last.
  for (const run of runs) if (run.debounce !== undefined) await storeDebounced(options, run, outcomes);
  const repeated = runs.filter((run) => !outcomes.has(run.runId));
  const earlier = repeated.length === 0 ? undefined : await findEarlierRuns(options.postgres, repeated);
  return runs.map((run) => {
    const outcome = outcomes.get(run.runId);
    if (outcome?.kind === "refused") return outcome.failure;
    if (outcome?.kind === "cached") return { runId: outcome.runId, isCached: true };
    if (outcome?.kind === "stored") return { runId: run.runId, isCached: false };
    return earlierRun(run, earlier);
  });
}

/** One transaction each: it holds its key's lock and one run's. */
async function storeDebounced(
  options: RunTriggerOptions,
  run: DescribedTrigger,
  outcomes: Map<string, DescribedOutcome>,
): Promise<void> {
  const startMs = options.clock.monotonicMs();
  const outcome = await storeDebouncedRun(options.postgres, run, options.hasOutbox);
  if (outcome === undefined) return;
  if (outcome.kind === "stored") afterCommit(options, [run], new Map([[run.runId, outcome.row]]), startMs);
  if (outcome.kind === "put off") {
    const { runId, dueInMs, expireInMs } = outcome;
    options.feed.due.publish([dueRun(run.environmentId, runId, dueInMs)]);
    if (expireInMs !== null) options.feed.due.publish([dueExpiry(run.environmentId, runId, expireInMs)]);
    outcomes.set(run.runId, { kind: "cached", runId });
  } else outcomes.set(run.runId, outcome);
}

async function storeRuns(options: RunTriggerOptions, runs: readonly NewRun[]): Promise<(Triggered | CallFailure)[]> {
  const startMs = options.clock.monotonicMs();
  const sorted = runs.toSorted(byRequest);
  const inserted = new Map<string, InsertedRun>();
  for (const row of await options.store(sorted)) inserted.set(row.id, row);
  afterCommit(options, runs, inserted, startMs);
  const repeated = runs.filter((run) => !inserted.has(run.runId));
  const earlier = repeated.length === 0 ? undefined : await findEarlierRuns(options.postgres, repeated);
  return runs.map((run) => {
    if (inserted.has(run.runId)) return { runId: run.runId, isCached: false };
    return earlierRun(run, earlier);
  });
}

function earlierRun(run: NewRun, earlier: ReadonlyMap<string, string> | undefined): Triggered | CallFailure {
  const runId = earlier?.get(requestKey(run));
  if (runId !== undefined) return { runId, isCached: true };
  return asCallFailure(new Error(`the run of request ${run.requestId} was neither stored nor found`));
}

/** In a statement of its own: what the first one collided with may have been committed after its snapshot. */
async function findEarlierRuns(postgres: Postgres, repeated: readonly NewRun[]): Promise<Map<string, string>> {
  const rows = await findRunsByRequest(postgres, repeated);
  return new Map(
    rows.map((row) => [requestKey({ environmentId: row.environment_id, requestId: row.request_id }), row.run_id]),
  );
}

/** `startMs` is from before the transaction: its rows count from its start, which for a thousand runs is a tenth of a second ago. */
function afterCommit(
  { feed, announce, nextClaims, promote, metrics, clock, logger }: RunTriggerOptions,
  runs: readonly NewRun[],
  inserted: ReadonlyMap<string, InsertedRun>,
  startMs: number,
): void {
  if (inserted.size === 0) return;
  const tookMs = clock.monotonicMs() - startMs;
  metrics.triggered(inserted.size);
  const [first] = inserted.values();
  const stored = runs.flatMap((run) => {
    const row = inserted.get(run.runId);
    return row === undefined ? [] : [{ run, row }];
  });
  const queued = stored.flatMap(({ run, row }) =>
    row.queue === null || row.status !== "QUEUED"
      ? []
      : [
          queuedRunToProto({
            environment_id: run.environmentId,
            id: run.runId,
            task_id: run.taskId,
            queue: row.queue,
            queue_time_us: row.queue_time_us,
            traceparent: run.traceparent,
            supervisor_id: null,
            concurrency_key: isDescribed(run) ? run.concurrencyKey : null,
            machine: row.machine,
          }),
        ],
  );
  feed.queued.publish(nextClaims.take(queued));
  feed.due.publish(
    stored.flatMap(({ run: { environmentId, runId }, row: { due_in_ms: dueInMs, expire_in_ms: expireInMs } }) => [
      ...(dueInMs === null ? [] : [dueRun(environmentId, runId, dueInMs - tookMs)]),
      ...(expireInMs === null ? [] : [dueExpiry(environmentId, runId, expireInMs - tookMs)]),
    ]),
  );
  announce(
    first?.outbox_id ?? null,
    stored.flatMap(({ run, row }) => changesOf(run, row)),
  );
  // Its version may have been deployed between the statement's snapshot and its commit, when the deployment's own promotion could not see the run.
  const waiting = new Set(
    stored.filter(({ row }) => row.status === "PENDING_VERSION").map(({ run }) => run.environmentId),
  );
  for (const environmentId of waiting) {
    promote(environmentId).catch((error: unknown) =>
      logger.warn("runs that wait for a version are left to the sweep", { environmentId, error }),
    );
  }
}

/** A run that was claimed as it was stored has changed twice. */
function changesOf({ environmentId, runId, taskId }: NewRun, { status }: InsertedRun): ChangedRun[] {
  const change = { environmentId, runId, taskId, status, revision: 1, eventSeq: 1 };
  if (status !== "EXECUTING") return [change];
  return [
    { ...change, status: "QUEUED" },
    { ...change, revision: CLAIMED_REVISION, eventSeq: CLAIMED_REVISION },
  ];
}

function cannotBeStored(run: NewRun, error: Error): CallFailure {
  return fieldInvalid({ field: "trigger", description: `of task ${run.taskId} cannot be stored: ${error.message}.` });
}

function byRequest(a: NewRun, b: NewRun): number {
  return compare(a.environmentId, b.environmentId) || compare(a.requestId, b.requestId);
}

function requestKey(run: { readonly environmentId: string; readonly requestId: string }): string {
  return `${run.environmentId}/${run.requestId}`;
}
