import type { DueItem } from "@windlass/proto";
import type { Feed } from "../feed/feed.ts";

/** Items that wait to be read by one watcher; one that reads slower is ended, and lists again (I10). */
const MAX_BUFFERED = 100_000;

/** Work that becomes known and is due within the horizon, until the signal aborts. Throws OVERLOADED, and the signal's reason. */
export async function* watchDue(feed: Feed, horizonMs: number, signal: AbortSignal): AsyncGenerator<DueItem[], void> {
  const subscription = feed.due.subscribe(MAX_BUFFERED);
  const onAbort = (): void => subscription.close();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for await (const items of subscription) {
      const within = items.filter((item) => item.dueInMs <= horizonMs);
      if (within.length > 0) yield within;
    }
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", onAbort);
    subscription.close();
  }
}
