import { create, fromBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type RunEvent, RunEventSchema, StatusChangedSchema, WatchRunResponseSchema } from "@windlass/proto";
import { runStatusToProto } from "../run-state.ts";
import type { TimelineChunk } from "../store/read-timelines.ts";

/** A chunk's entries, numbered; those up to and including `afterSeq` are left out. Its status change is its last entry. */
export function timelineToProto(chunk: TimelineChunk, afterSeq: bigint): RunEvent[] {
  const events = chunk.events === null ? [] : fromBinary(WatchRunResponseSchema, chunk.events).events;
  if (chunk.status !== null) {
    const value = create(StatusChangedSchema, {
      status: runStatusToProto(chunk.status),
      attemptNumber: chunk.attempt_number,
    });
    events.push(
      create(RunEventSchema, { time: timestampFromDate(chunk.time), body: { case: "statusChanged", value } }),
    );
  }
  for (const [index, event] of events.entries()) event.seq = chunk.first_seq + BigInt(index);
  return events.filter((event) => event.seq > afterSeq);
}
