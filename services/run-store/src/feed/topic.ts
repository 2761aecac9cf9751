import { createSubscription, type Subscription } from "./subscription.ts";

/** Told to everyone who subscribes. */
export interface Topic<T> {
  readonly subscriberCount: number;
  /** Hands items to every subscriber. Never waits and never throws: a full subscriber is ended. */
  publish(items: readonly T[]): void;
  /** Everything published after this call, at most `limit` items of it unread. */
  subscribe(limit: number): Subscription<T>;
  /** Hands everything published from now on to `listener`, in the publisher's turn, until the returned function is called. It must be quick, must not throw, and bounds what it keeps. */
  listen(listener: (items: readonly T[]) => void): () => void;
}

export function createTopic<T>(name: string): Topic<T> {
  const listeners = new Set<(items: readonly T[]) => void>();
  const listen = (listener: (items: readonly T[]) => void): (() => void) => {
    // Its own, so that a listener can listen twice.
    const own = (items: readonly T[]): void => listener(items);
    listeners.add(own);
    return () => listeners.delete(own);
  };
  return {
    get subscriberCount() {
      return listeners.size;
    },
    publish(items) {
      if (items.length === 0) return;
      for (const listener of listeners) listener(items);
    },
    subscribe(limit) {
      const subscription: Subscription<T> = createSubscription(name, limit, () => stop());
      const stop = listen((items) => subscription.push(items));
      return subscription;
    },
    listen,
  };
}
