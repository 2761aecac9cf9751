/** Runs that this process has stored and not yet seen end: whoever waits for such a run need not look it up first, since its end will be told by the feed. */
export interface LiveRuns {
  add(key: string): void;
  delete(key: string): void;
  has(key: string): boolean;
}

/** Beyond this many the oldest are forgotten, and looked up like any other (I10). */
const MAX_KNOWN = 20_000;

/** A hint like the feed itself: the end of a run may be stored by another replica, so whoever relies on it also looks from time to time (I9). */
export function createLiveRuns(maxKnown = MAX_KNOWN): LiveRuns {
  const known = new Set<string>();
  return {
    add(key) {
      known.add(key);
      if (known.size <= maxKnown) return;
      const [oldest] = known;
      if (oldest !== undefined) known.delete(oldest);
    },
    delete: (key) => void known.delete(key),
    has: (key) => known.has(key),
  };
}
