import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import {
  type Attempt,
  AttemptOutcomeSchema,
  type AttemptOutcome,
  type Run,
  type RunError,
  type RunErrorCode,
  RunErrorCodeSchema,
  type RunStatus,
  RunStatusSchema,
} from "@windlass/proto";
import { decodeContent } from "../content/json-content.ts";
import { enumName } from "./enum-name.ts";

/** Where a run is in its life, in the words of windlass.v1.RunStatus. */
export type RunStatusName = Exclude<keyof typeof RunStatus, "UNSPECIFIED">;
export type RunErrorCodeName = Exclude<keyof typeof RunErrorCode, "UNSPECIFIED">;
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
  /** What the run was triggered with; only from `runs.retrieve` and `runs.subscribeToRun`. */
  readonly payload?: Payload;
  /** What `run` returned; once it has. */
  readonly output?: Output;
  /** Why the last attempt failed. */
  readonly error?: RunErrorDetails;
  /** The attempts that have ended; only from `runs.retrieve` and `runs.subscribeToRun`. */
  readonly attempts: readonly AttemptSnapshot[];
}

/** An attempt that has ended. */
export interface AttemptSnapshot {
  readonly number: number;
  readonly outcome: AttemptOutcomeName;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
  readonly error?: RunErrorDetails;
}

/** A stored error. */
export interface RunErrorDetails {
  readonly code: RunErrorCodeName;
  readonly name: string;
  readonly message: string;
  /** The frames, one a line; empty when there were none. */
  readonly stack: string;
  readonly causes: readonly RunErrorDetails[];
  /** Own fields of the error beside the usual ones. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly hint?: string;
}

const FAILED_STATUSES: ReadonlySet<RunStatusName> = new Set([
  "FAILED",
  "CRASHED",
  "SYSTEM_FAILURE",
  "TIMED_OUT",
  "EXPIRED",
]);

/** Throws when payload or output are of a content type that this version of the SDK cannot read. */
export function runSnapshotFromProto(run: Run, attempts: readonly Attempt[] = []): RunSnapshot {
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
    attempts: attempts.map(attemptFromProto),
    ...present({
      version: run.version || undefined,
      startedAt: dateOf(run.startTime),
      finishedAt: dateOf(run.finishTime),
      dueAt: dateOf(run.dueTime),
      cancelRequestedAt: dateOf(run.cancelRequestTime),
      cancelReason: run.cancelReason || undefined,
      payload: decodeContent(run.payload),
      output: decodeContent(run.output),
      error: errorFromProto(run.error),
    }),
  };
}

export function errorFromProto(error: RunError | undefined): RunErrorDetails | undefined {
  if (error === undefined) return undefined;
  const { name, message, stack, causes, fieldsJson, hint } = error;
  return {
    code: enumName(RunErrorCodeSchema, error.code) as RunErrorCodeName,
    name,
    message,
    stack,
    causes: causes.flatMap((cause) => errorFromProto(cause) ?? []),
    fields: fieldsJson === "" ? {} : (JSON.parse(fieldsJson) as Record<string, unknown>),
    ...present({ hint: hint || undefined }),
  };
}

function attemptFromProto(attempt: Attempt): AttemptSnapshot {
  return {
    number: attempt.number,
    outcome: enumName(AttemptOutcomeSchema, attempt.outcome) as AttemptOutcomeName,
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

/** The fields that have a value. */
export function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
