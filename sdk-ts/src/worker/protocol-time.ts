import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Duration, DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";

/** Milliseconds, whole or not, as a google.protobuf.Duration to the microsecond. */
export function durationFromMs(ms: number): MessageInitShape<typeof DurationSchema> {
  return secondsAndNanos(ms);
}

/** Milliseconds since 1970 as a google.protobuf.Timestamp. */
export function timestampFromMs(ms: number): MessageInitShape<typeof TimestampSchema> {
  return secondsAndNanos(ms);
}

/** A google.protobuf.Duration in milliseconds. */
export function msFromDuration({ seconds, nanos }: Duration): number {
  return Number(seconds) * 1_000 + nanos / 1e6;
}

function secondsAndNanos(ms: number): { seconds: bigint; nanos: number } {
  const micros = Math.round(ms * 1_000);
  return { seconds: BigInt(Math.trunc(micros / 1_000_000)), nanos: (micros % 1_000_000) * 1_000 };
}
