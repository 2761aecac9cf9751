import { type CronRule, latestTick, previousTicks } from "./cron.ts";

/** What becomes of ticks that a downtime missed: the latest is made, none is, or each. */
export type CatchUpName = "LATEST" | "NONE" | "ALL";

/** Of "ALL": a schedule that missed more makes the latest of them. A day of quarters of an hour, or four days of hours. */
export const MAX_CAUGHT_UP = 100;
/** A tick that is no later than this is not missed: so long a restart or a failover may take. The shortest interval of a schedule. */
const LATE_MS = 60_000;

/** The ticks to make now, oldest first, of a schedule whose next one was to come at `firstMs`, which is not after `nowMs`; and the moment of the last one that has passed, from which it goes on. */
export function ticksToMake(
  rule: CronRule,
  catchUp: CatchUpName,
  firstMs: number,
  nowMs: number,
): { readonly atMs: readonly number[]; readonly latestMs: number } {
  const latestMs = latestTick(rule, firstMs, nowMs);
  switch (catchUp) {
    case "LATEST":
      return { atMs: [latestMs], latestMs };
    case "NONE":
      return { atMs: nowMs - latestMs <= LATE_MS ? [latestMs] : [], latestMs };
    case "ALL":
      return { atMs: latestMs === firstMs ? [firstMs] : allTicks(rule, firstMs, latestMs), latestMs };
  }
}

/** The first counts even if it is no tick of the rule's any more. */
function allTicks(rule: CronRule, firstMs: number, latestMs: number): number[] {
  const between = previousTicks(rule, latestMs, MAX_CAUGHT_UP - 1).filter((ms) => ms > firstMs);
  return [firstMs, ...between, latestMs].slice(-MAX_CAUGHT_UP);
}
