import { timestampDate } from "@bufbuild/protobuf/wkt";
import { type Hold, type HoldReason, HoldReasonSchema } from "@windlass/proto";
import { enumName } from "./enum-name.ts";

/** Why a run does not execute, in the words of windlass.v1.HoldReason. */
export type HoldReasonName = Exclude<keyof typeof HoldReason, "UNSPECIFIED">;

/** What holds a run back at one moment. */
export interface HoldSnapshot {
  /** For programs. */
  readonly reason: HoldReasonName;
  /** For people: one sentence with the names and numbers. */
  readonly message: string;
  /** The runs that it waits for to end, at most 10; only with the limits. */
  readonly runIds: readonly string[];
  /** When it ends by itself; absent when that is not known. */
  readonly until?: Date;
}

export function holdFromProto({ reason, message, runIds, until }: Hold): HoldSnapshot {
  return {
    reason: enumName(HoldReasonSchema, reason) as HoldReasonName,
    message,
    runIds,
    ...(until !== undefined && { until: timestampDate(until) }),
  };
}
