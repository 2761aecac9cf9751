import type { Readable } from "node:stream";
import type { CallFailure } from "./call-failure.ts";

interface PendingRead<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The messages of a grpc-js stream, read one at a time: grpc-js asks the other side for more only as these are taken, so a slow reader slows the
 * sender. For one consumer, which asks for the next message after it got the last.
 *
 * The stream's own async iterator is not used: it destroys a duplex stream, hence the other direction of the call, when reading ends early.
 */
export class MessageReader<T> implements AsyncIterableIterator<T, undefined> {
  readonly #stream: Readable;
  readonly #decode: (bytes: Buffer) => T;
  readonly #onStop: () => void;
  #pending: PendingRead<T> | undefined;
  #end: "open" | "after-buffered" | "now" = "open";
  #failure: CallFailure | undefined;

  /** Whoever makes it tells it of the stream's end. `onStop` is told when reading stops before the end: the consumer left, or a message cannot be decoded. */
  constructor(stream: Readable, decode: (bytes: Buffer) => T, onStop: () => void) {
    this.#stream = stream;
    this.#decode = decode;
    this.#onStop = onStop;
    stream.on("readable", () => this.#settle());
  }

  /** No message follows those already received. False when that was known before. */
  finish(): boolean {
    if (this.#end !== "open") return false;
    this.#end = "after-buffered";
    this.#settle();
    return true;
  }

  /** The call failed: the consumer gets what was received, then the failure. */
  fail(failure: CallFailure): void {
    if (this.#end !== "open") return;
    this.#failure = failure;
    this.finish();
  }

  /** The call was ended: the consumer gets the failure at once. */
  abort(failure: CallFailure): void {
    if (this.#end === "now") return;
    this.#failure = failure;
    this.#end = "now";
    this.#settle();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      if (this.#pending !== undefined) {
        reject(new Error("A message stream has one consumer: the last next() has not settled yet."));
        return;
      }
      this.#pending = { resolve, reject };
      this.#settle();
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#failure = undefined;
    this.#stop();
    this.#settle();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #settle(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    if (this.#end !== "now") {
      const bytes: Buffer | null = this.#stream.read();
      if (bytes !== null) {
        this.#pending = undefined;
        this.#deliver(bytes, pending);
        return;
      }
      if (this.#end === "open") return;
    }
    this.#pending = undefined;
    if (this.#failure === undefined) pending.resolve({ done: true, value: undefined });
    else pending.reject(this.#failure);
  }

  #deliver(bytes: Buffer, pending: PendingRead<T>): void {
    try {
      pending.resolve({ done: false, value: this.#decode(bytes) });
    } catch (error) {
      pending.reject(error);
      this.#stop();
    }
  }

  #stop(): void {
    if (this.#end === "now") return;
    this.#end = "now";
    this.#onStop();
  }
}
