import type { Clock } from "@windlass/chassis";
import { ErrorReason } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { createWakeUp } from "./wake-up.ts";

/** How often what is waited for is looked up, in case the notice of its end was lost (I9). */
const LOOK_AGAIN_MS = { min: 8_000, max: 12_000 };
/** How soon after the database could not be asked, or too many asked. */
const RETRY_MS = 1_000;

/** What runs beside the answers of a stream on which a caller waits for many things, and ends with it. */
export class AwaitLoops {
  /** Aborts when the caller or the stream goes. */
  readonly signal: AbortSignal;
  /** Set when there may be something to answer. */
  readonly toSend;
  /** Set when something was answered. */
  readonly sent;
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  #failure: { readonly error: unknown } | undefined;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.signal = AbortSignal.any([signal, this.#closed.signal]);
    this.toSend = createWakeUp(clock);
    this.sent = createWakeUp(clock);
  }

  /** Lets a loop go on beside the answers; should it fail, `throwFailure` throws that. */
  run(loop: Promise<void>): void {
    loop.catch((error: unknown) => {
      if (this.#closed.signal.aborted) return;
      this.#failure ??= { error };
      this.toSend.set();
    });
  }

  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  close(): void {
    this.#closed.abort(new Error("the stream has ended"));
  }

  /** Calls `look` every now and then, until the stream ends. */
  async lookAgain(look: () => Promise<void> | void): Promise<void> {
    for (;;) {
      const { min, max } = LOOK_AGAIN_MS;
      await this.#clock.sleep(min + Math.random() * (max - min), this.signal);
      await look();
    }
  }

  /** Asks until the database has answered. */
  async untilReady<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      this.signal.throwIfAborted();
      try {
        return await ask();
      } catch (error) {
        if (!isTemporary(error)) throw error;
        await this.#clock.sleep(RETRY_MS, this.signal);
      }
    }
  }
}

function isTemporary(error: unknown): boolean {
  return (
    error instanceof CallFailure && (error.reason === ErrorReason.NOT_READY || error.reason === ErrorReason.OVERLOADED)
  );
}
