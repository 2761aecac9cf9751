import { fromBinary } from "@bufbuild/protobuf";
import {
  type Content,
  type Run,
  type RunError,
  RunErrorSchema,
  type RunOptions,
  RunOptionsSchema,
} from "@windlass/proto";
import { type RunStatusName, runStatusToProto } from "../run-state.ts";
import type { DetailedRunRow, RunRow } from "../store/run-row.ts";
import { optionalTimestamp, timestampFromMicroseconds } from "./moments.ts";

/** What a run carries beside its row: each only where the API shows it. */
export interface RunContents {
  readonly payload?: Content | undefined;
  readonly metadata?: Content | undefined;
  readonly output?: Content | undefined;
  readonly error?: RunError | undefined;
}

/** A run. What it was triggered with is shown where its row has it: not to those who wait for its end, who know. */
export function runToProto(row: RunRow | DetailedRunRow, contents: RunContents = {}): Run {
  const { payload, output, error, metadata } = contents;
  const details = "options" in row ? row : undefined;
  return {
    $typeName: "windlass.v1.Run",
    id: row.id,
    taskId: row.task_id,
    status: runStatusToProto(row.status),
    revision: BigInt(row.revision),
    queue: row.queue ?? "",
    version: row.version ?? "",
    attemptNumber: row.attempt_number,
    maxAttempts: row.max_attempts ?? 0,
    createTime: timestampFromMicroseconds(row.create_time_us),
    startTime: optionalTimestamp(row.start_time_us),
    finishTime: optionalTimestamp(row.finish_time_us),
    dueTime: optionalTimestamp(row.due_time_us),
    cancelRequestTime: optionalTimestamp(row.cancel_request_time_us),
    cancelReason: row.cancel_reason ?? "",
    payload,
    output,
    error,
    tags: row.tags,
    isTest: row.is_test,
    traceparent: row.traceparent,
    parentRunId: details?.parent_run_id ?? "",
    rootRunId: details?.root_run_id ?? "",
    replayOfRunId: details?.replay_of_run_id ?? "",
    options: optionsToProto(details?.options ?? null),
    metadata,
    machine: details?.machine ?? "",
    scheduleId: details?.schedule_id ?? "",
    expireTime: optionalTimestamp(row.expire_time_us),
  };
}

/** Stored options; undefined when nothing was given. */
export function optionsToProto(encoded: Uint8Array | null): RunOptions | undefined {
  return encoded === null ? undefined : fromBinary(RunOptionsSchema, encoded);
}

/** What a run shows of its last ended attempt: the error, and the output if the run ended with one. */
export function endToProto(
  status: RunStatusName,
  attempt: {
    readonly output: Uint8Array | null;
    readonly output_type: string | null;
    readonly error: Uint8Array | null;
  },
): RunContents {
  const hasOutput = status === "COMPLETED" || status === "CANCELED";
  return {
    output: hasOutput ? contentToProto(attempt.output, attempt.output_type) : undefined,
    error: errorToProto(attempt.error),
  };
}

/** A stored value; undefined when there is none. The database keeps "no value" as an empty type. */
export function contentToProto(data: Uint8Array | null, contentType: string | null): Content | undefined {
  if (data === null || contentType === null || contentType === "") return undefined;
  return { $typeName: "windlass.v1.Content", data, contentType };
}

/** A stored error; undefined when there is none. */
export function errorToProto(encoded: Uint8Array | null): RunError | undefined {
  return encoded === null ? undefined : fromBinary(RunErrorSchema, encoded);
}
