const unitMs = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const part = /(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)\s*/uy;

/** What a field for a duration may hold, for its `pattern`. */
export const DURATION_PATTERN = "\\s*(\\d+(\\.\\d+)?\\s*(ms|s|min|m|h|d)\\s*)+";

/** Milliseconds of "90s", "10 min" or "1h 30m"; undefined when it is no duration. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  let sumMs: number | undefined;
  part.lastIndex = 0;
  while (part.lastIndex < trimmed.length) {
    const match = part.exec(trimmed);
    if (match === null) return undefined;
    sumMs = (sumMs ?? 0) + Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
  }
  return sumMs;
}
