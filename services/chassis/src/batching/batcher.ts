import { overloaded } from "../failures/index.ts";

export interface BatcherOptions<Item, Result> {
  /** What the error of a full queue calls it. */
  readonly name: string;
  /** Handles one batch: one result per item, in order. Throwing fails every item of the batch with that error. */
  readonly run: (items: Item[]) => Promise<Result[]>;
  /** Batches in flight at once. Two: while one is on its way, the next gathers (default 2). */
  readonly concurrency?: number;
  /** Items in a batch (default 1,000). */
  readonly maxBatch?: number;
  /** Items waiting beyond those in flight (default 100,000). */
  readonly maxQueued?: number;
  /** Bytes an item weighs; needed for `maxBatchBytes`. */
  readonly weigh?: (item: Item) => number;
  /** Bytes in a batch; one item heavier than that goes alone. */
  readonly maxBatchBytes?: number;
}

/** Gathers items that arrive one by one and handles them many at a time. */
export interface Batcher<Item, Result> {
  /** Resolves with the item's result. Throws OVERLOADED when too many wait, and then the item is not handled. */
  submit(item: Item): Promise<Result>;
  /** All or none are accepted. Settles when none of them is in flight any more, with the first error if a batch failed. */
  submitMany(items: readonly Item[]): Promise<Result[]>;
  /** Resolves when nothing waits and nothing is in flight; does not refuse new items. */
  drain(): Promise<void>;
  /** Items that wait, not counting those in flight. */
  readonly depth: number;
}

/** Where the results of one submit go. */
interface Submission<Result> {
  readonly results: Result[];
  left: number;
  failure: { error: unknown } | undefined;
  readonly resolve: (results: Result[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Entry<Item, Result> {
  readonly item: Item;
  readonly index: number;
  readonly submission: Submission<Result>;
}

/**
 * Smart batching: while `concurrency` batches are in flight, what arrives gathers and is the next batch. There is no timer:
 * alone, an item waits only until the current turn of the event loop ends, so that those made in one moment go together.
 * A crash loses what is queued; it was not acknowledged.
 */
export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const { name, run, weigh, concurrency = 2, maxBatch = 1_000, maxQueued = 100_000 } = options;
  const maxBatchBytes = options.maxBatchBytes ?? Number.POSITIVE_INFINITY;
  let queue: Entry<Item, Result>[] = [];
  // Taking from the front moves this index; the array is cut only when half of it is behind the index.
  let head = 0;
  let inFlight = 0;
  let isScheduled = false;
  let drained: PromiseWithResolvers<void> | undefined;

  const depth = () => queue.length - head;

  const takeBatch = () => {
    const start = head;
    const end = Math.min(queue.length, start + maxBatch);
    let bytes = 0;
    for (; head < end; head += 1) {
      const entry = queue[head];
      bytes += entry === undefined || weigh === undefined ? 0 : weigh(entry.item);
      if (bytes > maxBatchBytes && head > start) break;
    }
    const batch = queue.slice(start, head);
    if (head * 2 >= queue.length) {
      queue = queue.slice(head);
      head = 0;
    }
    return batch;
  };

  const runBatch = async (batch: Entry<Item, Result>[]) => {
    inFlight += 1;
    try {
      const results = await run(batch.map(({ item }) => item));
      if (results.length !== batch.length) {
        throw new Error(`${name}: ${batch.length} items gave ${results.length} results`);
      }
      for (const [position, entry] of batch.entries()) {
        entry.submission.results[entry.index] = results[position] as Result;
        settle(entry.submission, 1);
      }
    } catch (error) {
      for (const { submission } of batch) {
        submission.failure ??= { error };
        settle(submission, 1);
      }
    } finally {
      inFlight -= 1;
      schedule();
    }
  };

  const dispatch = () => {
    isScheduled = false;
    for (let free = concurrency - inFlight; free > 0 && depth() > 0; free -= 1) void runBatch(takeBatch());
    if (inFlight === 0) {
      drained?.resolve();
      drained = undefined;
    }
  };

  const schedule = () => {
    if (isScheduled || inFlight >= concurrency) return;
    if (depth() === 0 && drained === undefined) return;
    isScheduled = true;
    setImmediate(dispatch);
  };

  const submitMany = (items: readonly Item[]): Promise<Result[]> => {
    if (items.length === 0) return Promise.resolve([]);
    if (depth() + items.length > maxQueued) {
      return Promise.reject(overloaded(`${name}: ${maxQueued} items already wait`));
    }
    return new Promise((resolve, reject) => {
      const submission = { results: [], left: items.length, failure: undefined, resolve, reject };
      for (const [index, item] of items.entries()) queue.push({ item, index, submission });
      schedule();
    });
  };

  return {
    submit: async (item) => (await submitMany([item]))[0] as Result,
    submitMany,
    drain: () => {
      if (inFlight === 0 && depth() === 0) return Promise.resolve();
      drained ??= Promise.withResolvers();
      return drained.promise;
    },
    get depth() {
      return depth();
    },
  };
}

function settle<Result>(submission: Submission<Result>, count: number): void {
  submission.left -= count;
  if (submission.left > 0) return;
  if (submission.failure === undefined) submission.resolve(submission.results);
  else submission.reject(submission.failure.error);
}
