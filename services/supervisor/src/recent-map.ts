/** A map that remembers only what was set last: beyond the limit the oldest is forgotten (I10). */
export interface RecentMap<V> {
  set(key: string, value: V): void;
  /** The value, which is then forgotten. */
  take(key: string): V | undefined;
}

export function createRecentMap<V>(limit: number): RecentMap<V> {
  const entries = new Map<string, V>();
  return {
    set(key, value) {
      entries.delete(key);
      entries.set(key, value);
      if (entries.size <= limit) return;
      const oldest = entries.keys().next().value;
      if (oldest !== undefined) entries.delete(oldest);
    },
    take(key) {
      if (entries.size === 0) return undefined;
      const value = entries.get(key);
      entries.delete(key);
      return value;
    },
  };
}
