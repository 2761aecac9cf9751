import { fromBinary } from "@bufbuild/protobuf";
import { type Attempt, AttemptSchema } from "@windlass/proto";
import { attemptOutcomeToProto } from "../run-state.ts";
import type { AttemptRow } from "../store/select-attempts.ts";
import { timestampFromMicroseconds } from "./moments.ts";
import { errorToProto } from "./run-to-proto.ts";

/** An ended attempt. Its hooks are stored as an encoded Attempt that has nothing else. */
export function attemptToProto(row: AttemptRow): Attempt {
  return {
    $typeName: "windlass.v1.Attempt",
    number: row.number,
    outcome: attemptOutcomeToProto(row.outcome),
    startTime: timestampFromMicroseconds(row.start_time_us),
    finishTime: timestampFromMicroseconds(row.finish_time_us),
    error: errorToProto(row.error),
    hooks: row.hooks === null ? [] : fromBinary(AttemptSchema, row.hooks).hooks,
    supervisorId: row.supervisor_id,
  };
}
