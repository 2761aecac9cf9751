const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** A period that the charts can show, and how it is cut. */
export interface Period {
  readonly title: string;
  readonly lengthMs: number;
  readonly bucketMs: number;
}

/** By the names that the URL has. */
export const periods = {
  "15m": { title: "15 min", lengthMs: 15 * MINUTE_MS, bucketMs: 30 * SECOND_MS },
  "1h": { title: "1 h", lengthMs: HOUR_MS, bucketMs: 2 * MINUTE_MS },
  "24h": { title: "24 h", lengthMs: 24 * HOUR_MS, bucketMs: HOUR_MS },
  "7d": { title: "7 d", lengthMs: 7 * 24 * HOUR_MS, bucketMs: 6 * HOUR_MS },
} as const satisfies Record<string, Period>;

export type PeriodName = keyof typeof periods;

export const periodNames = Object.keys(periods) as readonly PeriodName[];

/** The period of that name; an hour when there is none. */
export function periodOf(name: string | undefined): PeriodName {
  return periodNames.find((each) => each === name) ?? "1h";
}
