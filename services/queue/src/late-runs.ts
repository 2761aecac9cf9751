/** A binary min-heap: the few runs that came after one that belongs behind them. Push and shift are O(log n). */
export class LateRuns<T> {
  readonly #runs: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  /** The first in order. */
  get head(): T | undefined {
    return this.#runs[0];
  }

  /** Adds a run anywhere in the order. */
  push(run: T): void {
    const runs = this.#runs;
    let index = runs.length;
    runs.push(run);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = runs[parentIndex] as T;
      if (!this.#isBefore(run, parent)) break;
      runs[index] = parent;
      index = parentIndex;
    }
    runs[index] = run;
  }

  /** Removes the first in order. */
  shift(): T | undefined {
    const runs = this.#runs;
    const first = runs[0];
    const last = runs.pop();
    if (last === undefined || runs.length === 0) return first;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= runs.length) break;
      const right = childIndex + 1;
      if (right < runs.length && this.#isBefore(runs[right] as T, runs[childIndex] as T)) childIndex = right;
      const child = runs[childIndex] as T;
      if (!this.#isBefore(child, last)) break;
      runs[index] = child;
      index = childIndex;
    }
    runs[index] = last;
    return first;
  }
}
