import { create, fromBinary } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type Content, ContentSchema, type Run, type RunError, RunErrorSchema, RunSchema } from "@windlass/proto";
import { type RunStatusName, runStatusToProto } from "../run-state.ts";
import type { RunRow } from "../store/run-row.ts";

/** What a run carries beside its row: each only where the API shows it. */
export interface RunContents {
  readonly payload?: Content | undefined;
  readonly output?: Content | undefined;
  readonly error?: RunError | undefined;
}

export function runToProto(row: RunRow, contents: RunContents = {}): Run {
  return create(RunSchema, {
    id: row.id,
    taskId: row.task_id,
    status: runStatusToProto(row.status),
    revision: row.revision,
    queue: row.queue ?? "",
    version: row.version ?? "",
    attemptNumber: row.attempt_number,
    maxAttempts: row.max_attempts ?? 0,
    cancelReason: row.cancel_reason ?? "",
    tags: row.tags,
    isTest: row.is_test,
    traceparent: row.traceparent,
    ...moments(row),
    ...(contents.payload !== undefined && { payload: contents.payload }),
    ...(contents.output !== undefined && { output: contents.output }),
    ...(contents.error !== undefined && { error: contents.error }),
  });
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
  return create(ContentSchema, { data, contentType });
}

/** A stored error; undefined when there is none. */
export function errorToProto(encoded: Uint8Array | null): RunError | undefined {
  return encoded === null ? undefined : fromBinary(RunErrorSchema, encoded);
}

function moments(row: RunRow) {
  return {
    createTime: timestampFromDate(row.create_time),
    ...given("startTime", row.start_time),
    ...given("finishTime", row.finish_time),
    ...given("dueTime", row.due_time),
    ...given("cancelRequestTime", row.cancel_request_time),
  };
}

function given<K extends string>(name: K, date: Date | null): { [key in K]?: Timestamp } {
  return date === null ? {} : ({ [name]: timestampFromDate(date) } as { [key in K]: Timestamp });
}
