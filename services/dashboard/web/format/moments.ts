import { durationMs, type Duration, type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";

/** Milliseconds since 1970; undefined when the moment has not come. */
export function msOf(time: Timestamp | undefined): number | undefined {
  return time === undefined ? undefined : timestampMs(time);
}

/** Milliseconds; undefined when there is none. */
export function msIn(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : durationMs(duration);
}
