import { create, fromBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type Attempt, AttemptOutcome, AttemptSchema } from "@windlass/proto";
import type { AttemptRow } from "../store/select-attempts.ts";
import { errorToProto } from "./run-to-proto.ts";

/** An ended attempt. Its hooks are stored as an encoded Attempt that has nothing else. */
export function attemptToProto(row: AttemptRow): Attempt {
  const error = errorToProto(row.error);
  return create(AttemptSchema, {
    number: row.number,
    outcome: AttemptOutcome[row.outcome],
    startTime: timestampFromDate(row.start_time),
    finishTime: timestampFromDate(row.finish_time),
    hooks: row.hooks === null ? [] : fromBinary(AttemptSchema, row.hooks).hooks,
    supervisorId: row.supervisor_id,
    ...(error !== undefined && { error }),
  });
}
