/**
 * Told to those who listen for one key: one run, one supervisor. A listener is called in the publisher's turn, right after the commit: it must be quick, must not
 * throw, and bounds what it buffers (I10).
 */
export interface KeyedTopic<T> {
  /** True when somebody listens for the key: ask before building something costly to publish. */
  has(key: string): boolean;
  publish(key: string, item: T): void;
  /** Calls `listener` for everything published under `key` from now on, until the returned function is called. */
  listen(key: string, listener: (item: T) => void): () => void;
}

export function createKeyedTopic<T>(): KeyedTopic<T> {
  const listenersByKey = new Map<string, Set<(item: T) => void>>();
  return {
    has: (key) => listenersByKey.has(key),
    publish(key, item) {
      const listeners = listenersByKey.get(key);
      if (listeners === undefined) return;
      // A copy, since a listener may stop listening while it is called.
      for (const listener of Array.from(listeners)) listener(item);
    },
    listen(key, listener) {
      let listeners = listenersByKey.get(key);
      if (listeners === undefined) {
        listeners = new Set();
        listenersByKey.set(key, listeners);
      }
      listeners.add(listener);
      return () => {
        const current = listenersByKey.get(key);
        if (current === undefined || !current.delete(listener)) return;
        if (current.size === 0) listenersByKey.delete(key);
      };
    },
  };
}
