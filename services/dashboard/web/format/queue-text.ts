import type { RateLimit } from "@windlass/proto";
import { formatDuration } from "./duration.ts";
import { msIn } from "./moments.ts";

/** "5 / 2 s", "5 / 2 s a key"; "–" without one. */
export function rateText(rate: RateLimit | undefined): string {
  if (rate === undefined) return "–";
  const period = formatDuration(msIn(rate.period) ?? 0).replace(".0 s", " s");
  return `${rate.limit.toLocaleString("en")} / ${period}${rate.isPerKey ? " a key" : ""}`;
}

/** How many may wait. */
export function lengthText(maxLength: number | undefined): string {
  return maxLength === undefined ? "–" : maxLength.toLocaleString("en");
}

/** "5", "no limit". */
export function limitText(limit: number | undefined): string {
  return limit === undefined ? "no limit" : limit.toLocaleString("en");
}
