/** A tick as somebody fills it in. */
export interface TestTick {
  readonly scheduleId: string;
  readonly type: "DECLARATIVE" | "IMPERATIVE";
  readonly timestampMs: number;
  readonly lastTimestampMs: number | undefined;
  readonly timezone: string;
  readonly externalId: string;
  readonly upcomingMs: readonly number[];
}

/** The payload's content type: the moments in it are Dates for the task. */
export const TICK_PAYLOAD_TYPE = "application/super+json";

const DATE = ["Date"];

/** The payload of a tick as the cluster makes it, as superjson text. */
export function tickPayload(tick: TestTick): string {
  const iso = (ms: number): string => new Date(ms).toISOString();
  const json = {
    scheduleId: tick.scheduleId,
    type: tick.type,
    timestamp: iso(tick.timestampMs),
    ...(tick.lastTimestampMs !== undefined && { lastTimestamp: iso(tick.lastTimestampMs) }),
    timezone: tick.timezone,
    ...(tick.externalId !== "" && { externalId: tick.externalId }),
    upcoming: tick.upcomingMs.map(iso),
  };
  const values = Object.fromEntries([
    ["timestamp", DATE],
    ...(tick.lastTimestampMs === undefined ? [] : [["lastTimestamp", DATE]]),
    ...tick.upcomingMs.map((_, index) => [`upcoming.${index}`, DATE]),
  ]) as Record<string, readonly string[]>;
  return JSON.stringify({ json, meta: { values } }, null, 2);
}
