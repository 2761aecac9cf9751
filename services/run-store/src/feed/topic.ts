import { createSubscription, type Subscription } from "./subscription.ts";

/** Told to everyone who subscribes. */
export interface Topic<T> {
  readonly subscriberCount: number;
  /** Hands items to every subscriber. Never waits and never throws: a full subscriber is ended. */
  publish(items: readonly T[]): void;
  /** Everything published after this call, at most `limit` items of it unread. */
  subscribe(limit: number): Subscription<T>;
}

export function createTopic<T>(name: string): Topic<T> {
  const subscriptions = new Set<Subscription<T>>();
  return {
    get subscriberCount() {
      return subscriptions.size;
    },
    publish(items) {
      if (items.length === 0) return;
      for (const subscription of subscriptions) subscription.push(items);
    },
    subscribe(limit) {
      const subscription: Subscription<T> = createSubscription(name, limit, () => subscriptions.delete(subscription));
      subscriptions.add(subscription);
      return subscription;
    },
  };
}
