import { createSubscription, type Subscription, type SubscriptionSink } from "./subscription.ts";

/** Told to everyone who subscribes. */
export interface Topic<T> {
  readonly subscriberCount: number;
  /** Hands items to every subscriber. Never waits and never throws: a full subscriber is ended. */
  publish(items: readonly T[]): void;
  /** Everything published after this call, at most `limit` items of it unread. */
  subscribe(limit: number): Subscription<T>;
}

export function createTopic<T>(name: string): Topic<T> {
  const sinks = new Set<SubscriptionSink<T>>();
  return {
    get subscriberCount() {
      return sinks.size;
    },
    publish(items) {
      if (items.length === 0) return;
      for (const sink of sinks) sink.push(items);
    },
    subscribe(limit) {
      const sink: SubscriptionSink<T> = createSubscription(name, limit, () => sinks.delete(sink));
      sinks.add(sink);
      return sink;
    },
  };
}
