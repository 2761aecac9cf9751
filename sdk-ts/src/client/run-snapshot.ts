import { durationMs, type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import {
  type Attempt,
  AttemptOutcomeSchema,
  type AttemptOutcome,
  type Debounce,
  DebounceMode,
  type Hold,
  type Run,
  type RunOptions,
  type RunStatus,
  RunStatusSchema,
} from "@windlass/proto";
import { decodeContent } from "../content/json-content.ts";
import type { MetadataObject } from "../content/metadata-content.ts";
import { enumName } from "./enum-name.ts";
import { type HoldSnapshot, holdFromProto } from "./hold-snapshot.ts";
import { type HookSnapshot, hookFromProto } from "./hook-snapshot.ts";
import { present } from "./present.ts";
import { errorFromProto, type RunErrorDetails } from "./run-error-details.ts";

export type { RunErrorDetails } from "./run-error-details.ts";

/** Where a run is in its life, in the words of windlass.v1.RunStatus. */
export type RunStatusName = Exclude<keyof typeof RunStatus, "UNSPECIFIED">;
export type AttemptOutcomeName = Exclude<keyof typeof AttemptOutcome, "UNSPECIFIED">;

/** A run as it was at one moment. */
export interface RunSnapshot<Payload = unknown, Output = unknown> {
  readonly id: string;
  readonly taskIdentifier: string;
  readonly status: RunStatusName;
  /** Over, however it ended. */
  readonly isCompleted: boolean;
  /** COMPLETED. */
  readonly isSuccess: boolean;
  /** Over, and neither COMPLETED nor CANCELED. */
  readonly isFailed: boolean;
  readonly isCanceled: boolean;
  /** Grows by one with every change. */
  readonly revision: number;
  readonly queue: string;
  /** The version that executes it; absent before the first attempt. */
  readonly version?: string;
  /** Attempts so far, the current one included. */
  readonly attemptCount: number;
  readonly maxAttempts: number;
  readonly createdAt: Date;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
  /** When the next attempt begins, while the run waits for it. */
  readonly dueAt?: Date;
  readonly cancelRequestedAt?: Date;
  readonly cancelReason?: string;
  readonly tags: readonly string[];
  readonly isTest: boolean;
  /** What it was triggered with beside the payload. */
  readonly options: RunOptionsSnapshot;
  /** As it is now; only from `runs.retrieve`, `runs.subscribeToRun` and what changes it. */
  readonly metadata?: MetadataObject;
  /** The machine preset of the current or next attempt; absent while no version says which. */
  readonly machine?: string;
  /** The run that triggered this one. */
  readonly parentRunId?: string;
  /** The first run of the tree that this one belongs to. */
  readonly rootRunId?: string;
  /** The run that this one repeats. */
  readonly replayOfRunId?: string;
  /** The batch that it was triggered with. */
  readonly batchId?: string;
  /** The schedule that triggered it. */
  readonly scheduleId?: string;
  /** When it becomes EXPIRED unless it has started. */
  readonly expiresAt?: Date;
  /** Why it does not execute, as known at this moment; absent when it does, or is over. Only from `runs.retrieve` and `runs.subscribeToRun`. */
  readonly hold?: HoldSnapshot;
  /** What the run was triggered with; only from `runs.retrieve` and `runs.subscribeToRun`. */
  readonly payload?: Payload;
  /** What `run` returned; once it has. */
  readonly output?: Output;
  /** Why the last attempt failed. */
  readonly error?: RunErrorDetails;
  /** The attempts that have ended; only from `runs.retrieve` and `runs.subscribeToRun`. */
  readonly attempts: readonly AttemptSnapshot[];
}

/** What a run was triggered with beside the payload; what was not said is absent. */
export interface RunOptionsSnapshot {
  readonly idempotencyKey?: string;
  readonly idempotencyKeyTtlMs?: number;
  readonly delayedUntil?: Date;
  readonly ttlMs?: number;
  readonly priority?: number;
  readonly concurrencyKey?: string;
  /** Seconds. */
  readonly maxDuration?: number;
  readonly machine?: string;
  readonly version?: string;
  readonly debounce?: DebounceSnapshot;
}

/** How several triggers became this run. */
export interface DebounceSnapshot {
  readonly key: string;
  readonly delayMs: number;
  readonly mode: "leading" | "trailing";
  readonly maxDelayMs?: number;
}

/** An attempt that has ended. */
export interface AttemptSnapshot {
  readonly number: number;
  readonly outcome: AttemptOutcomeName;
  /** Every lifecycle function that ran, in the order in which they ended. */
  readonly hooks: readonly HookSnapshot[];
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
  readonly error?: RunErrorDetails;
}

const FAILED_STATUSES: ReadonlySet<RunStatusName> = new Set([
  "FAILED",
  "CRASHED",
  "SYSTEM_FAILURE",
  "TIMED_OUT",
  "EXPIRED",
]);

/** Throws when payload or output are of a content type that this version of the SDK cannot read. */
export function runSnapshotFromProto(run: Run, attempts: readonly Attempt[] = [], hold?: Hold): RunSnapshot {
  const status = enumName(RunStatusSchema, run.status) as RunStatusName;
  const isSuccess = status === "COMPLETED";
  const isFailed = FAILED_STATUSES.has(status);
  const isCanceled = status === "CANCELED";
  return {
    id: run.id,
    taskIdentifier: run.taskId,
    status,
    isCompleted: isSuccess || isFailed || isCanceled,
    isSuccess,
    isFailed,
    isCanceled,
    revision: Number(run.revision),
    queue: run.queue,
    attemptCount: run.attemptNumber,
    maxAttempts: run.maxAttempts,
    createdAt: dateOf(run.createTime) ?? new Date(0),
    tags: run.tags,
    isTest: run.isTest,
    options: optionsFromProto(run.options),
    attempts: attempts.map(attemptFromProto),
    ...present({
      version: run.version || undefined,
      startedAt: dateOf(run.startTime),
      finishedAt: dateOf(run.finishTime),
      dueAt: dateOf(run.dueTime),
      cancelRequestedAt: dateOf(run.cancelRequestTime),
      cancelReason: run.cancelReason || undefined,
      metadata: decodeContent(run.metadata) as MetadataObject | undefined,
      machine: run.machine || undefined,
      parentRunId: run.parentRunId || undefined,
      rootRunId: run.rootRunId || undefined,
      replayOfRunId: run.replayOfRunId || undefined,
      batchId: run.options?.batchId || undefined,
      scheduleId: run.scheduleId || undefined,
      expiresAt: dateOf(run.expireTime),
      hold: hold === undefined ? undefined : holdFromProto(hold),
      payload: decodeContent(run.payload),
      output: decodeContent(run.output),
      error: errorFromProto(run.error),
    }),
  };
}

function optionsFromProto(options: RunOptions | undefined): RunOptionsSnapshot {
  if (options === undefined) return {};
  const { idempotencyKeyTtl, ttl } = options;
  return present({
    idempotencyKey: options.idempotencyKey || undefined,
    idempotencyKeyTtlMs: idempotencyKeyTtl === undefined ? undefined : durationMs(idempotencyKeyTtl),
    delayedUntil: dateOf(options.startTime),
    ttlMs: ttl === undefined ? undefined : durationMs(ttl),
    priority: options.priority || undefined,
    concurrencyKey: options.concurrencyKey || undefined,
    maxDuration: options.maxDurationSeconds || undefined,
    machine: options.machine || undefined,
    version: options.version || undefined,
    debounce: options.debounce === undefined ? undefined : debounceFromProto(options.debounce),
  });
}

function debounceFromProto({ key, delay, mode, maxDelay }: Debounce): DebounceSnapshot {
  return {
    key,
    delayMs: delay === undefined ? 0 : durationMs(delay),
    mode: mode === DebounceMode.TRAILING ? "trailing" : "leading",
    ...(maxDelay !== undefined && { maxDelayMs: durationMs(maxDelay) }),
  };
}

function attemptFromProto(attempt: Attempt): AttemptSnapshot {
  return {
    number: attempt.number,
    outcome: enumName(AttemptOutcomeSchema, attempt.outcome) as AttemptOutcomeName,
    hooks: attempt.hooks.map(hookFromProto),
    ...present({
      startedAt: dateOf(attempt.startTime),
      finishedAt: dateOf(attempt.finishTime),
      error: errorFromProto(attempt.error),
    }),
  };
}

export function dateOf(time: Timestamp | undefined): Date | undefined {
  return time === undefined ? undefined : timestampDate(time);
}
