/** Some of a list, and the way to the rest. */
export class Page<T> implements AsyncIterable<T> {
  readonly data: readonly T[];
  readonly #fetchNext: (() => Promise<Page<T>>) | undefined;

  constructor(data: readonly T[], fetchNext: (() => Promise<Page<T>>) | undefined) {
    this.data = data;
    this.#fetchNext = fetchNext;
  }

  hasNextPage(): boolean {
    return this.#fetchNext !== undefined;
  }

  /** Throws an Error when this is the last one. */
  async getNextPage(): Promise<Page<T>> {
    if (this.#fetchNext === undefined) throw new Error("this is the last page: ask hasNextPage() first");
    return this.#fetchNext();
  }

  /** This page's items, then those of all that follow. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    yield* this.data;
    for (let fetchNext = this.#fetchNext; fetchNext !== undefined;) {
      const page = await fetchNext();
      yield* page.data;
      fetchNext = page.#fetchNext;
    }
  }
}

/** A list: `await` gives its first page, `for await` all its items, fetched page by page as they are reached. */
export class PagePromise<T> extends Promise<Page<T>> implements AsyncIterable<T> {
  /** What `then` and `finally` make are ordinary promises. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    yield* await this;
  }
}

/** What a list call answers: items, and the token of the next page unless this is the last. */
export interface FetchedPage<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string;
}

/** Fetches the first page now, and the others when they are asked for. */
export function listPages<T>(fetchPage: (pageToken: string) => Promise<FetchedPage<T>>): PagePromise<T> {
  const pageAt = async (pageToken: string): Promise<Page<T>> => {
    const { items, nextPageToken } = await fetchPage(pageToken);
    return new Page(items, nextPageToken === "" ? undefined : () => pageAt(nextPageToken));
  };
  return new PagePromise((resolve) => resolve(pageAt("")));
}
