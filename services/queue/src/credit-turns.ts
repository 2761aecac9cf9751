import type { LeaseSession } from "./lease-session.ts";
import type { Supervisors } from "./supervisors.ts";

/** Who claims runs when supervisors have credits: one for each shard that this process owns. */
export interface CreditTaker {
  /** Takes credits for the runs that only their supervisor can have. */
  gatherBound(): void;
  /** Takes a credit for its next run. False when it has none that may go, or may not claim just now. */
  gatherOne(): boolean;
  /** Claims what was gathered. False when that is nothing. */
  send(): boolean;
  /** Whether it has runs that wait for a credit of this supervisor, because nobody has one for them. */
  needs(session: LeaseSession): boolean;
  /** Gives back what credits it holds for runs that may come, if there are any that somebody needs. */
  yieldTo(isNeeded: (session: LeaseSession) => boolean): void;
}

/**
 * Shares the supervisors' credits among the shards of this process: those who have runs that may go take turns, one run each.
 * Whatever is there at one moment is gathered together; there is no timer.
 */
export class CreditTurns {
  readonly #takers: CreditTaker[] = [];
  #isScheduled = false;

  constructor(supervisors: Supervisors) {
    supervisors.onCredits(() => this.wake());
  }

  join(taker: CreditTaker): void {
    this.#takers.push(taker);
    this.wake();
  }

  /** Twice is fine. */
  leave(taker: CreditTaker): void {
    const index = this.#takers.indexOf(taker);
    if (index !== -1) this.#takers.splice(index, 1);
  }

  /** Looks for work at the end of this turn of the event loop. To be called when runs, room or credits have come. */
  wake(): void {
    if (this.#isScheduled || this.#takers.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => this.#dispatch());
  }

  #dispatch(): void {
    this.#isScheduled = false;
    let hasSent = true;
    while (hasSent) {
      // The first of this time is the last of the next.
      const first = this.#takers.shift();
      if (first === undefined) return;
      this.#takers.push(first);
      for (const taker of this.#takers) taker.gatherBound();
      let takers = [...this.#takers];
      while (takers.length > 0) takers = takers.filter((taker) => taker.gatherOne());
      hasSent = false;
      for (const taker of this.#takers.slice()) hasSent = taker.send() || hasSent;
    }
    const isNeeded = (session: LeaseSession) => this.#takers.some((taker) => taker.needs(session));
    for (const taker of this.#takers) taker.yieldTo(isNeeded);
  }
}
