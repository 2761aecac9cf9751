/** How often runs may begin. */
export interface RateLimit {
  readonly limit: number;
  readonly periodMs: number;
  /** True: for each concurrency key by itself. */
  readonly isPerKey: boolean;
}

/**
 * The generic cell rate algorithm (ATM Forum, I.371): `limit` runs a period, evenly spread, with bursts of up to `limit`.
 * Its whole state is one moment: when the allowance would be whole again ("theoretical arrival time").
 *
 * All times are milliseconds of one monotonic clock; a wall clock that is set changes nothing.
 */
export class CellRate {
  /** From here on a whole burst may go. */
  wholeAtMs: number;

  constructor(wholeAtMs: number) {
    this.wholeAtMs = wholeAtMs;
  }

  /** The first moment at which one may go; in the past when one may go now. */
  freeAtMs(rate: RateLimit): number {
    return this.wholeAtMs - rate.periodMs + rate.periodMs / rate.limit;
  }

  /** One goes. */
  take(rate: RateLimit, nowMs: number): void {
    this.wholeAtMs = Math.max(this.wholeAtMs, nowMs) + rate.periodMs / rate.limit;
  }

  /** One that went did not begin after all. Never gives more than there was. */
  giveBack(rate: RateLimit): void {
    this.wholeAtMs -= rate.periodMs / rate.limit;
  }

  /** The limit has changed: nobody waits longer than the new period. */
  adopt(rate: RateLimit, nowMs: number): void {
    this.wholeAtMs = Math.min(this.wholeAtMs, nowMs + rate.periodMs);
  }
}
