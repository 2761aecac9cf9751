import type { Timestamp } from "@bufbuild/protobuf/wkt";

// Messages of the hot path are written as literals with their $typeName: `create` would copy each one, which costs more than encoding it.

export function timestampFromMicroseconds(microseconds: number): Timestamp {
  const seconds = Math.floor(microseconds / 1e6);
  return {
    $typeName: "google.protobuf.Timestamp",
    seconds: BigInt(seconds),
    nanos: (microseconds - seconds * 1e6) * 1000,
  };
}

/** The same for a moment that may be missing. */
export function optionalTimestamp(microseconds: number | null): Timestamp | undefined {
  return microseconds === null ? undefined : timestampFromMicroseconds(microseconds);
}

/** Microseconds since 1970. Beyond what a number holds exactly, and then far beyond any moment that can be stored, it is rounded. */
export function microsecondsFromTimestamp(timestamp: Timestamp): number {
  return Number(timestamp.seconds) * 1e6 + Math.floor(timestamp.nanos / 1000);
}
