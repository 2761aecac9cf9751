import { type CronRule, nextTick } from "./cron.ts";

/** The first tick after a moment, as the database stores it; null when there is none. */
export function nextTickUs(rule: CronRule, afterMs: number): number | null {
  const tickMs = nextTick(rule, afterMs);
  return tickMs === undefined ? null : tickMs * 1_000;
}
