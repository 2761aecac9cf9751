import { overloaded } from "@windlass/chassis";
import type { CallFailure } from "@windlass/proto/grpc";

/**
 * What a subscriber reads: batches of items, in the order they were published. One reader. Ends by `close`, or by throwing OVERLOADED when its reader is slower than the
 * feed: then list again and subscribe anew (I10).
 */
export interface Subscription<T> extends AsyncIterable<readonly T[]> {
  /** Items that wait to be read. */
  readonly size: number;
  /** Adds items behind those that wait: the feed's, or what the reader found by itself and wants in order with them. */
  push(items: readonly T[]): void;
  /** Forgets what is buffered and ends the iteration. Twice is fine. */
  close(): void;
}

/**
 * Makes a subscription that buffers at most `limit` items; one more ends it with OVERLOADED once what was buffered has been read.
 * Batches that wait are handed to the reader as one.
 */
export function createSubscription<T>(topic: string, limit: number, onClose: () => void): Subscription<T> {
  let buffered: T[] = [];
  let wake: (() => void) | undefined;
  let failure: CallFailure | undefined;
  const state = { closed: false };

  const notify = (): void => {
    const resolve = wake;
    wake = undefined;
    resolve?.();
  };
  const close = (): void => {
    if (state.closed) return;
    state.closed = true;
    buffered = [];
    onClose();
    notify();
  };

  return {
    get size() {
      return buffered.length;
    },
    push(items) {
      if (state.closed || failure !== undefined) return;
      if (buffered.length + items.length > limit) {
        failure = overloaded(`A reader of "${topic}" is more than ${limit} items behind; read again from the start.`);
        onClose();
      } else {
        for (const item of items) buffered.push(item);
      }
      notify();
    },
    close,
    async *[Symbol.asyncIterator]() {
      try {
        while (!state.closed) {
          if (buffered.length > 0) {
            const batch = buffered;
            buffered = [];
            yield batch;
          } else if (failure === undefined) {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          } else {
            throw failure;
          }
        }
      } finally {
        close();
      }
    },
  };
}
