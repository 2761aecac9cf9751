/** How far something that is done to many runs has come. */
export interface BulkProgress {
  readonly done: number;
  readonly failed: number;
  /** What the first that failed failed with. */
  readonly failure?: unknown;
}

/** A page of ids, and where the next one is; "" is the last. */
export interface IdPage {
  readonly ids: readonly string[];
  readonly nextPageToken: string;
}

/** So many calls at once: as fast as it gets without crowding out the page's own. */
const CALLS_AT_ONCE = 4;

/** Reads pages of ids until there is none, or there are `maxIds`. Rejects when the signal aborts. */
export async function collectIds(
  readPage: (pageToken: string) => Promise<IdPage>,
  maxIds: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const all: string[] = [];
  let pageToken = "";
  do {
    signal.throwIfAborted();
    const page = await readPage(pageToken);
    all.push(...page.ids);
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && all.length < maxIds);
  return all.slice(0, maxIds);
}

/** Does something to each of many runs, a few at once, and tells how far it is. One that fails stops no other; the signal stops all that have not begun. */
export async function forEachRun(
  ids: readonly string[],
  act: (id: string) => Promise<unknown>,
  onProgress: (progress: BulkProgress) => void,
  signal: AbortSignal,
): Promise<BulkProgress> {
  let progress: BulkProgress = { done: 0, failed: 0 };
  const left = ids.values();
  const work = async (): Promise<void> => {
    for (const id of left) {
      if (signal.aborted) return;
      try {
        await act(id);
        progress = { ...progress, done: progress.done + 1 };
      } catch (error) {
        if (signal.aborted) return;
        progress = { failure: error, ...progress, failed: progress.failed + 1 };
      }
      onProgress(progress);
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, work));
  return progress;
}
