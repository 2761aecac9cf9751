/** What a task is told of the tick that triggers it. */
export interface Tick {
  readonly scheduleId: string;
  readonly type: "DECLARATIVE" | "IMPERATIVE";
  readonly timestampMs: number;
  /** Null at the first tick. */
  readonly lastTimestampMs: number | null;
  readonly timezone: string;
  /** "" when none was given. */
  readonly externalId: string;
  readonly upcomingMs: readonly number[];
}

/** The payload's content type: the moments in it are Dates for the task. */
export const TICK_PAYLOAD_TYPE = "application/super+json";

const DATE = ["Date"];

/** The payload of a tick, in superjson's envelope. */
export function encodeTick(tick: Tick): Uint8Array {
  const iso = (ms: number): string => new Date(ms).toISOString();
  const { lastTimestampMs, externalId } = tick;
  const json = {
    scheduleId: tick.scheduleId,
    type: tick.type,
    timestamp: iso(tick.timestampMs),
    ...(lastTimestampMs !== null && { lastTimestamp: iso(lastTimestampMs) }),
    timezone: tick.timezone,
    ...(externalId !== "" && { externalId }),
    upcoming: tick.upcomingMs.map(iso),
  };
  const values = Object.fromEntries([
    ["timestamp", DATE],
    ...(lastTimestampMs === null ? [] : [["lastTimestamp", DATE]]),
    ...tick.upcomingMs.map((_, index) => [`upcoming.${index}`, DATE]),
  ]);
  return Buffer.from(JSON.stringify({ json, meta: { values } }));
}
