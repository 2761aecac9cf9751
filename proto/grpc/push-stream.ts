/** A bounded queue between code that has values and one consumer that iterates over them. */
export interface PushStream<T> extends AsyncIterableIterator<T, undefined> {
  /** Adds a value. False when `limit` values are waiting, or the stream has ended: the value was not taken. */
  push(value: T): boolean;
  /** No value follows. The consumer gets those waiting, then the end, or the error if one is given. */
  end(error?: unknown): void;
  /** How many values are waiting. */
  readonly size: number;
  /** Whether push can no longer succeed: ended, or the consumer has stopped. */
  readonly isEnded: boolean;
}

/**
 * Makes a {@link PushStream} that holds at most `limit` waiting values. When the signal aborts it ends with the signal's reason, so that a handler
 * that iterates over it ends with its call.
 */
export function createPushStream<T>(limit: number, signal?: AbortSignal): PushStream<T> {
  const stream = new BoundedPushStream<T>(limit);
  if (signal?.aborted === true) stream.end(signal.reason);
  else signal?.addEventListener("abort", () => stream.end(signal.reason), { once: true });
  return stream;
}

interface PendingTake<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

class BoundedPushStream<T> implements PushStream<T> {
  readonly #limit: number;
  #values: (T | undefined)[] = [];
  #head = 0;
  #pending: PendingTake<T> | undefined;
  #isEnded = false;
  #error: { readonly value: unknown } | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#values.length - this.#head;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  push(value: T): boolean {
    if (this.#isEnded || this.size >= this.#limit) return false;
    const pending = this.#pending;
    if (pending === undefined) {
      this.#values.push(value);
    } else {
      this.#pending = undefined;
      pending.resolve({ done: false, value });
    }
    return true;
  }

  end(error?: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (error !== undefined) this.#error = { value: error };
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending !== undefined) this.#finish(pending);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      if (this.size > 0) {
        resolve({ done: false, value: this.#take() });
      } else if (this.#isEnded) {
        this.#finish({ resolve, reject });
      } else if (this.#pending === undefined) {
        this.#pending = { resolve, reject };
      } else {
        reject(new Error("A push stream has one consumer: the last next() has not settled yet."));
      }
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#values = [];
    this.#head = 0;
    this.#error = undefined;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): T {
    const value = this.#values[this.#head] as T;
    this.#values[this.#head] = undefined;
    this.#head += 1;
    // Letting taken values go in lumps keeps taking O(1) without a ring.
    if (this.#head === this.#values.length) {
      this.#values = [];
      this.#head = 0;
    } else if (this.#head >= 1024) {
      this.#values = this.#values.slice(this.#head);
      this.#head = 0;
    }
    return value;
  }

  #finish(pending: PendingTake<T>): void {
    const error = this.#error;
    this.#error = undefined;
    if (error === undefined) pending.resolve({ done: true, value: undefined });
    else pending.reject(error.value);
  }
}
