/** setTimeout takes no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Counts the time that an attempt runs, waits not included, and says once when it is up. */
export class MaxDuration {
  readonly #onExceeded: () => void;
  #leftMs: number;
  #since: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(limitMs: number, onExceeded: () => void) {
    this.#leftMs = limitMs;
    this.#onExceeded = onExceeded;
  }

  /** Counts from now on. */
  resume(): void {
    if (this.#since !== undefined) return;
    this.#since = performance.now();
    this.#arm();
  }

  /** Counts no more until resumed. */
  pause(): void {
    if (this.#since === undefined) return;
    clearTimeout(this.#timer);
    this.#leftMs -= performance.now() - this.#since;
    this.#since = undefined;
  }

  #arm(): void {
    this.#timer = setTimeout(() => this.#check(), Math.min(Math.max(this.#leftMs, 0), LONGEST_TIMER_MS));
  }

  #check(): void {
    this.pause();
    if (this.#leftMs <= 0) this.#onExceeded();
    else this.resume();
  }
}
