import { fromBinary } from "@bufbuild/protobuf";
import { type RunEvent, WatchRunResponseSchema } from "@windlass/proto";
import { type RunStatusName, runStatusToProto } from "../run-state.ts";
import type { TimelineChunk } from "../store/read-timelines.ts";
import { timestampFromMicroseconds } from "./moments.ts";

/** A chunk's entries, numbered; those up to and including `afterSeq` are left out. Its status change is its last entry (adr/0002). */
export function timelineToProto(chunk: TimelineChunk, afterSeq: bigint): RunEvent[] {
  const events = chunk.events === null ? [] : fromBinary(WatchRunResponseSchema, chunk.events).events;
  if (chunk.status !== null) events.push(statusChanged(chunk, chunk.status));
  for (const [index, event] of events.entries()) event.seq = chunk.first_seq + BigInt(index);
  return events.filter((event) => event.seq > afterSeq);
}

function statusChanged(chunk: TimelineChunk, status: RunStatusName): RunEvent {
  return {
    $typeName: "windlass.v1.RunEvent",
    seq: 0n,
    time: timestampFromMicroseconds(chunk.time_us),
    body: {
      case: "statusChanged",
      value: {
        $typeName: "windlass.v1.StatusChanged",
        status: runStatusToProto(status),
        attemptNumber: chunk.attempt_number,
      },
    },
  };
}
