import type { Writable } from "node:stream";
import type { CallFailure } from "./call-failure.ts";

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (failure: CallFailure) => void;
}

/** The writing half of a grpc-js stream, with its back-pressure made awaitable. */
export class MessageWriter {
  readonly #stream: Writable;
  #waiters: Waiter[] = [];
  #failure: CallFailure | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on("drain", () => {
      const waiters = this.#waiters;
      this.#waiters = [];
      for (const waiter of waiters) waiter.resolve();
    });
  }

  /** Whether the call is over. */
  get isClosed(): boolean {
    return this.#failure !== undefined;
  }

  /** False when the buffer is full (the message is in it; await {@link drained} before the next) or the call is over (the message is lost). */
  write(bytes: Buffer): boolean {
    return this.#failure === undefined && this.#stream.write(bytes);
  }

  /** Resolves when the buffer has room; rejects when the call is over. */
  drained(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (!this.#stream.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** The call is over: nothing is written any more, and whoever waits for room gets the failure. */
  close(failure: CallFailure): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(failure);
  }
}

/**
 * Takes values one by one and writes each, no faster than the other side reads. Rejects with what the source throws, or with the failure that closed
 * the writer. The source's return() is called when it is left before its end.
 */
export async function writeAll<T>(
  source: AsyncIterator<T>,
  writer: MessageWriter,
  encode: (value: T) => Buffer,
  onStarted: () => void = () => {},
): Promise<void> {
  let isFinished = false;
  try {
    let next = source.next();
    onStarted();
    for (;;) {
      const result = await next;
      if (result.done === true) {
        isFinished = true;
        return;
      }
      if (!writer.write(encode(result.value))) await writer.drained();
      next = source.next();
    }
  } finally {
    if (!isFinished) await source.return?.();
  }
}
