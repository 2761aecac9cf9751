/** Something that is due at a time. */
export interface Timer<Item> {
  readonly key: string;
  /** On the monotonic clock. */
  readonly dueMs: number;
  readonly item: Item;
}

/** Timers, soonest first, one a key: a binary heap that knows where each key stands. */
export class TimerHeap<Item> {
  #timers: Entry<Item>[] = [];
  readonly #byKey = new Map<string, Entry<Item>>();

  /** How many timers are armed. */
  get size(): number {
    return this.#timers.length;
  }

  /** When the soonest is due. */
  get soonestMs(): number | undefined {
    return this.#timers[0]?.dueMs;
  }

  /**
   * Arms a timer. O(log n).
   *
   * When the key has one already, the sooner of the two stays, whichever is newer: of two pieces of news that overtook
   * each other, the sooner can only fire too early, which the store answers with the right time. The later could fire
   * too late, which nobody would notice.
   */
  arm(key: string, dueMs: number, item: Item): void {
    const known = this.#byKey.get(key);
    if (known === undefined) {
      const entry = { key, dueMs, item, index: this.#timers.length };
      this.#byKey.set(key, entry);
      this.#rise(entry);
    } else if (dueMs < known.dueMs) {
      known.dueMs = dueMs;
      known.item = item;
      this.#rise(known);
    }
  }

  /** Takes what is due at `nowMs`, soonest first, at most `max`. O(log n) each. */
  popDue(nowMs: number, max: number): Timer<Item>[] {
    const due: Timer<Item>[] = [];
    while (due.length < max) {
      const soonest = this.#timers[0];
      if (soonest === undefined || soonest.dueMs > nowMs) break;
      this.#removeSoonest();
      this.#byKey.delete(soonest.key);
      due.push(soonest);
    }
    return due;
  }

  /** Lets go of all but the `count` soonest. O(n log n). */
  keepSoonest(count: number): void {
    // Sorted entries are in heap order.
    this.#timers.sort((a, b) => a.dueMs - b.dueMs);
    for (const entry of this.#timers.splice(count)) this.#byKey.delete(entry.key);
    for (const [index, entry] of this.#timers.entries()) entry.index = index;
  }

  /** Puts an entry into the place that is its index, and moves it up from there. */
  #rise(entry: Entry<Item>): void {
    const timers = this.#timers;
    let index = entry.index;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = timers[parentIndex] as Entry<Item>;
      if (parent.dueMs <= entry.dueMs) break;
      place(timers, parent, index);
      index = parentIndex;
    }
    place(timers, entry, index);
  }

  /** Fills the top with the last entry, and moves that down. */
  #removeSoonest(): void {
    const timers = this.#timers;
    const last = timers.pop();
    if (last === undefined || timers.length === 0) return;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      const left = timers[childIndex];
      if (left === undefined) break;
      const right = timers[childIndex + 1];
      const child = right !== undefined && right.dueMs < left.dueMs ? right : left;
      if (child === right) childIndex += 1;
      if (child.dueMs >= last.dueMs) break;
      place(timers, child, index);
      index = childIndex;
    }
    place(timers, last, index);
  }
}

interface Entry<Item> {
  readonly key: string;
  dueMs: number;
  item: Item;
  /** Where it stands in the heap. */
  index: number;
}

function place<Item>(timers: Entry<Item>[], entry: Entry<Item>, index: number): void {
  timers[index] = entry;
  entry.index = index;
}
