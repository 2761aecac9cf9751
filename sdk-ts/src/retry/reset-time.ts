/** How a header tells when a rate limit is over. */
export const resetFormats = [
  "iso_8601",
  "unix_timestamp",
  "unix_timestamp_in_ms",
  "iso_8601_duration_openai_variant",
] as const;
/** A date; seconds or milliseconds since 1970; or a duration such as "1m30s" or "250ms". */
export type ResetFormat = (typeof resetFormats)[number];

const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Milliseconds since 1970 at which the limit is over; undefined when the header does not say so in its format. */
export function resetTimeMs(header: string, format: ResetFormat, nowMs: number): number | undefined {
  switch (format) {
    case "iso_8601":
      return numberOrNothing(Date.parse(header));
    case "unix_timestamp":
      return numberOrNothing(numberFrom(header) * 1_000);
    case "unix_timestamp_in_ms":
      return numberOrNothing(numberFrom(header));
    case "iso_8601_duration_openai_variant": {
      const durationMs = durationFrom(header);
      return durationMs === undefined ? undefined : nowMs + durationMs;
    }
  }
}

/** The same for the standard header Retry-After: seconds, or an HTTP date. */
export function retryAfterTimeMs(header: string, nowMs: number): number | undefined {
  const seconds = numberFrom(header);
  return Number.isNaN(seconds) ? numberOrNothing(Date.parse(header)) : nowMs + seconds * 1_000;
}

function numberFrom(header: string): number {
  return /^\s*\d+(\.\d+)?\s*$/.test(header) ? Number(header) : Number.NaN;
}

function numberOrNothing(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function durationFrom(header: string): number | undefined {
  const text = header.trim();
  if (!/^(?:\d{1,12}(?:\.\d{1,9})?(?:ms|[dhms]))+$/.test(text)) return undefined;
  const parts = text.matchAll(/([\d.]+)(ms|[dhms])/g);
  let sumMs = 0;
  for (const [, amount, unit] of parts) sumMs += Number(amount) * (UNIT_MS[unit!] ?? 0);
  return sumMs;
}
