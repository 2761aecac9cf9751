/**
 * How long a stream stays open with nothing unanswered. An open stream keeps the process alive, so this is also how
 * much later a program ends that has triggered its last run; opening a stream again on a connection costs a fraction of
 * a millisecond.
 */
const IDLE_MS = 100;

/** Counts what is unanswered, and says when there has been nothing for a while. */
export class Activity {
  readonly #onIdle: () => void;
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #whenNone: (() => void)[] = [];

  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  get count(): number {
    return this.#count;
  }

  begin(): void {
    this.#count += 1;
    clearTimeout(this.#timer);
  }

  end(): void {
    this.#count -= 1;
    if (this.#count > 0) return;
    this.#timer = setTimeout(this.#onIdle, IDLE_MS).unref();
    for (const resolve of this.#whenNone.splice(0)) resolve();
  }

  /** Resolves as soon as nothing is unanswered. */
  none(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenNone.push(resolve));
  }
}
