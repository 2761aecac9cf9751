/** Why a subscription ended by itself: its reader was slower than the feed. The reader lists again and subscribes anew (I10). */
export class SubscriptionOverflow extends Error {
  override readonly name = "SubscriptionOverflow";
  constructor(topic: string, limit: number) {
    super(`a reader of the feed's topic "${topic}" fell more than ${limit} items behind`);
  }
}

/** What a subscriber reads: batches of items, in the order they were published. One reader. Ends by `close`, or by throwing SubscriptionOverflow. */
export interface Subscription<T> extends AsyncIterable<readonly T[]> {
  /** Forgets what is buffered and ends the iteration. Twice is fine. */
  close(): void;
}

/** The feed's end of a subscription. */
export interface SubscriptionSink<T> extends Subscription<T> {
  push(items: readonly T[]): void;
}

/**
 * Makes a subscription that buffers at most `limit` items; one more ends it with SubscriptionOverflow once what was buffered has been read.
 * Batches that wait are handed to the reader as one.
 */
export function createSubscription<T>(topic: string, limit: number, onClose: () => void): SubscriptionSink<T> {
  let buffered: T[] = [];
  let wake: (() => void) | undefined;
  let failure: SubscriptionOverflow | undefined;
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
    push(items) {
      if (state.closed || failure !== undefined) return;
      if (buffered.length + items.length > limit) {
        failure = new SubscriptionOverflow(topic, limit);
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
