const UNIT_MS = { w: 604_800_000, d: 86_400_000, hr: 3_600_000, h: 3_600_000, m: 60_000, s: 1_000 } as const;
const DURATION = /^(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})hr?)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/;

/** What a duration may look like, in words. */
export const DURATION_LIMIT = 'a duration such as "30s", "10m", "1h30m", "2d" or "1w"';

/** Milliseconds of "1h30m", largest unit first; undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
  const parts = DURATION.exec(text);
  if (parts === null || text === "") return undefined;
  const [, w = 0, d = 0, h = 0, m = 0, s = 0] = parts;
  return (
    Number(w) * UNIT_MS.w +
    Number(d) * UNIT_MS.d +
    Number(h) * UNIT_MS.h +
    Number(m) * UNIT_MS.m +
    Number(s) * UNIT_MS.s
  );
}
