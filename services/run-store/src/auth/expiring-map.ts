import type { Clock } from "@windlass/chassis";

/** Remembers values for a while: at most `limit` of them, those least recently used go first. */
export interface ExpiringMap<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  delete(key: string): void;
  readonly size: number;
}

/** Makes a map that forgets a value `ttlMs` after it was set, however often it is read. */
export function createExpiringMap<T>(options: {
  readonly ttlMs: number;
  readonly limit: number;
  readonly clock: Clock;
}): ExpiringMap<T> {
  const { ttlMs, limit, clock } = options;
  // A Map keeps the order of insertion, so that its first entry is the one not used for longest.
  const entries = new Map<string, { readonly value: T; readonly expireMs: number }>();
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      if (entry.expireMs <= clock.monotonicMs()) return undefined;
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value) {
      entries.delete(key);
      entries.set(key, { value, expireMs: clock.monotonicMs() + ttlMs });
      if (entries.size <= limit) return;
      const oldest = entries.keys().next();
      if (oldest.done !== true) entries.delete(oldest.value);
    },
    delete(key) {
      entries.delete(key);
    },
    get size() {
      return entries.size;
    },
  };
}
